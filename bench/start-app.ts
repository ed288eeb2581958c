import getPort from 'get-port';
import { createApp, type RunningApp } from '../app/create-app.ts';
import { createLog } from '../app/log.ts';
import { appEnvironment } from '../sandbox/app-environment.ts';
import type { RunningSandbox } from '../sandbox/github.ts';
import { loadConfig } from '../src/config/config.ts';

/** Starts the app on a database, with every repository enrolled, so that all history runs in workflow runs. */
export async function startApp(
  github: RunningSandbox,
  {
    databaseUrl,
    captureWorkflow,
    runsAtOnce,
  }: { databaseUrl: string; captureWorkflow: string; runsAtOnce: number },
): Promise<RunningApp> {
  const port = await getPort({ host: '127.0.0.1' });
  const loaded = loadConfig({
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...appEnvironment(github),
    CAPTURE_WORKFLOW: captureWorkflow,
    BULK_PER_INSTALLATION: String(runsAtOnce),
    HYBRID_ROLLOUT_PERCENTAGE: '100',
    HYBRID_ROLLOUT_STRATEGY: 'percentage',
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { config } = loaded;
  const app = await createApp({ config, log: createLog(config.logLevel) });
  github.app.webhookUrl = `${app.url}/api/github/webhooks`;
  return app;
}
