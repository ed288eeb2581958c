import { readFile } from 'node:fs/promises';
import { loadDataset } from '../sandbox/dataset.ts';
import { generateSmallHistory } from '../sandbox/generate-small.ts';
import { type RunningSandbox, startSandbox } from '../sandbox/github.ts';
import { addIssue, addRepository } from '../sandbox/world/build.ts';
import type { Issue, Repository } from '../sandbox/world/model.ts';

const ROOT = new URL('..', import.meta.url);
const WORKFLOW_PATH = '.github/workflows/bulk-capture.yml';

/** The local GitHub of the demo: one organisation with three repositories, and who acts in it. */
export interface Town {
  sandbox: RunningSandbox;
  /** The repository whose history is captured. */
  captured: Repository;
  /** Where bulk work runs. */
  jobs: Repository;
  /** The issue of the control repository in which the rollout is steered. */
  control: Issue;
  /** `owner/repo/path@ref` of the workflow for bulk work. */
  captureWorkflow: string;
  controlRepository: string;
  /** Login of an administrator of everything. */
  admin: string;
}

/** Starts the local GitHub and fills it with a data set, or with the history that the product ships. */
export async function buildTown(dataset: string | null): Promise<Town> {
  const sandbox = await startSandbox({ owner: 'acme', runner: { actionDirectory: ROOT.pathname } });
  try {
    const { world, clock } = sandbox;
    const admin = 'mona';
    const adminId = world.actor(admin).id;
    const captured = addRepository(world, 'acme/widgets', { stars: 120 });
    const jobs = addRepository(world, 'acme/capture-jobs', { isPrivate: true });
    const control = addRepository(world, 'acme/control', { isPrivate: true });
    for (const repository of [captured, jobs, control]) repository.collaborators.set(adminId, 'admin');
    jobs.contents.set(WORKFLOW_PATH, await readFile(new URL('workflows/bulk-capture.yml', ROOT), 'utf8'));
    const now = clock.now();
    const createdAt = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const issue = addIssue(world, control, { title: 'Rollout', author: world.actor(admin), createdAt });
    if (dataset === null) generateSmallHistory(world, captured, now);
    else await loadDataset(world, captured, dataset);
    return {
      sandbox,
      captured,
      jobs,
      control: issue,
      captureWorkflow: `acme/capture-jobs/${WORKFLOW_PATH}@main`,
      controlRepository: 'acme/control',
      admin,
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}
