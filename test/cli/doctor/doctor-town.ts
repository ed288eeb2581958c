import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import getPort from 'get-port';
import type { Check } from '../../../cli/doctor/context.ts';
import { runDoctor } from '../../../cli/doctor/run-doctor.ts';
import { appEnvironment } from '../../../sandbox/app-environment.ts';
import { startSandbox } from '../../../sandbox/github.ts';
import { addInstallation, addRepository } from '../../../sandbox/world/build.ts';
import { startTestApp } from '../../app/start-test-app.ts';
import { createOnPostgres } from '../../support/databases.ts';
import { EVENT_KEY, SIGNING_KEY, startFakeInngest } from './fake-inngest.ts';

export const WORKFLOW_PATH = '.github/workflows/bulk-capture.yml';
export const WORKFLOW_TEXT = readFileSync(
  new URL('../../../workflows/bulk-capture.yml', import.meta.url),
  'utf8',
);

/** Everything in order: a GitHub, an Inngest, the app on Postgres, and an environment that fits. */
export async function startDoctorTown(runner?: { actionDirectory: string }) {
  const sandbox = await startSandbox({ owner: 'acme', ...(runner ? { runner } : {}) });
  const inngest = await startFakeInngest();
  const { world } = sandbox;
  const widgets = addRepository(world, 'acme/widgets', { isPrivate: true });
  const jobs = addRepository(world, 'acme/jobs', { isPrivate: true, isBranchProtected: true });
  jobs.contents.set(WORKFLOW_PATH, WORKFLOW_TEXT);
  const installation = addInstallation(
    world,
    sandbox.app.owner,
    [widgets, jobs],
    sandbox.app.permissions,
    '2026-01-01T00:00:00Z',
  );
  const database = await createOnPostgres();
  const port = await getPort({ host: '127.0.0.1' });
  const origin = `http://127.0.0.1:${port}`;
  const env = {
    ...appEnvironment(sandbox),
    DATABASE_URL: database.url ?? '',
    DATABASE_SIZE_LIMIT_GB: '8',
    PUBLIC_URL: origin,
    PORT: String(port),
    HOST: '127.0.0.1',
    CONTROL_REPOSITORY: 'acme/jobs',
    CAPTURE_WORKFLOW: `acme/jobs/${WORKFLOW_PATH}@main`,
    INNGEST_EVENT_KEY: EVENT_KEY,
    INNGEST_SIGNING_KEY: SIGNING_KEY,
    INNGEST_BASE_URL: inngest.url,
    MONITOR_TOKEN: randomUUID(),
  };
  const app = await startTestApp(database, { ...env, ALLOWED_ACCOUNTS: '', ALLOW_EMBEDDED: '' });
  sandbox.app.webhookUrl = `${origin}/api/github/webhooks`;
  jobs.variables.set('HYBRID_CAPTURE_URL', origin);
  await app.db
    .insertInto('repositories')
    .values({ id: widgets.id, full_name: 'acme/widgets', installation_id: installation.id, is_private: true })
    .execute();
  return {
    ...{ sandbox, world, inngest, widgets, jobs, installation, app, env, origin },
    /** What the doctor finds, with something changed in the environment. */
    examine: (change: Record<string, string> = {}, options: { more?: Check[]; now?: () => Date } = {}) =>
      runDoctor({ env: { ...env, ...change }, ...options }),
    close: async () => {
      await app.close();
      await inngest.close();
      await sandbox.close();
    },
  };
}

export type DoctorTown = Awaited<ReturnType<typeof startDoctorTown>>;
