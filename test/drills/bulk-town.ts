import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import {
  addInstallation,
  addIssueComment,
  addPullRequest,
  addRepository,
} from '../../sandbox/world/build.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { OpenDatabase } from '../../src/store/database.ts';
import { startTestApp, type TestApp } from '../app/start-test-app.ts';
import { planJob, workItem } from '../jobs/job-fixture.ts';
import { environmentOf } from './activity.ts';
import { type JobsApiProxy, startJobsApiProxy } from './jobs-api-proxy.ts';
import { quietLoops } from './outcomes.ts';

const CHECKOUT = new URL('../../', import.meta.url);
const WORKFLOW = '.github/workflows/bulk-capture.yml';
export const PULL_REQUESTS = 120;

export interface BulkTown {
  sandbox: RunningSandbox;
  /** Between the Action and the app. */
  proxy: JobsApiProxy;
  app: TestApp;
  /** The repository whose history is to be captured: 120 pull requests with a comment on each. */
  widgets: Repository;
  close(): Promise<void>;
}

/**
 * A local GitHub that runs the packaged Action, the whole app on this database, and one job for GitHub Actions that waits
 * to be dispatched.
 */
export async function startBulkTown(database: OpenDatabase): Promise<BulkTown> {
  const sandbox = await startSandbox({ owner: 'acme', runner: { actionDirectory: fileURLToPath(CHECKOUT) } });
  const { world } = sandbox;
  const jobs = addRepository(world, 'acme/capture-jobs', { isPrivate: true });
  const widgets = addRepository(world, 'acme/widgets');
  for (let number = 1; number <= PULL_REQUESTS; number++) {
    const createdAt = new Date(Date.UTC(2026, 0, 1, number)).toISOString().replace('.000', '');
    const pull = addPullRequest(world, widgets, { number, title: `Change ${number}`, createdAt });
    addIssueComment(world, pull, { body: `On ${number}`, createdAt });
  }
  const installation = addInstallation(
    world,
    jobs.owner,
    [jobs, widgets],
    sandbox.app.permissions,
    '2026-01-01T00:00:00Z',
  );
  jobs.contents.set(WORKFLOW, await readFile(new URL('workflows/bulk-capture.yml', CHECKOUT), 'utf8'));
  const proxy = await startJobsApiProxy();
  const app = await startTestApp(database, {
    ...environmentOf(sandbox),
    OIDC_ISSUER: sandbox.oidc.issuer,
    PUBLIC_URL: proxy.url,
    CAPTURE_WORKFLOW: `acme/capture-jobs/${WORKFLOW}@main`,
    HYBRID_ROLLOUT_STRATEGY: 'percentage',
    HYBRID_ROLLOUT_PERCENTAGE: '100',
  });
  await quietLoops(app.db);
  proxy.target = app.url;
  jobs.variables.set('HYBRID_CAPTURE_URL', proxy.url);
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  await planJob(
    app.db,
    workItem({
      repository: {
        ...{ id: widgets.id, fullName: 'acme/widgets' },
        ...{ installationId: installation.id, isPrivate: false },
      },
      ...{ type: 'history', items: [], range: {}, reason: 'scheduled' },
    }),
    { now: new Date() },
  );
  return {
    ...{ sandbox, proxy, app, widgets },
    async close() {
      await app.close();
      await sandbox.close();
      await proxy.close();
    },
  };
}
