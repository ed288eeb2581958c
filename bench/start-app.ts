import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createApp, type RunningApp } from '../app/create-app.ts';
import { createLog } from '../app/log.ts';
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
  const port = await freePort();
  const loaded = loadConfig({
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    GHE_HOST: new URL(github.webUrl).host,
    GHE_PROTOCOL: 'http',
    OIDC_ISSUER: github.oidc.issuer,
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
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

/** The app's own address must be known before it starts. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
