import { type AddressInfo, createServer } from 'node:net';
import { createApp, type RunningApp } from '../app/create-app.ts';
import { createLog } from '../app/log.ts';
import { StartProblem } from '../app/start-problem.ts';
import { appEnvironment } from '../sandbox/app-environment.ts';
import { type Config, loadConfig } from '../src/config/config.ts';
import type { Town } from './town.ts';

/** Starts the app as `npm start` would, with the settings that an operator would give it in the environment. */
export async function startDemoApp(
  town: Town,
  options: { port: number; dataDir: string | null },
): Promise<{ app: RunningApp; config: Config }> {
  const { sandbox } = town;
  const port = await choosePort(options.port);
  const loaded = loadConfig({
    ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : { ALLOW_EMBEDDED: '1' }),
    ...(process.env.DATABASE_CA ? { DATABASE_CA: process.env.DATABASE_CA } : {}),
    ...(process.env.DATABASE_SCHEMA ? { DATABASE_SCHEMA: process.env.DATABASE_SCHEMA } : {}),
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...appEnvironment(sandbox),
    GITHUB_CLIENT_ID: sandbox.app.clientId,
    GITHUB_CLIENT_SECRET: sandbox.app.clientSecret,
    CAPTURE_WORKFLOW: town.captureWorkflow,
    CONTROL_REPOSITORY: town.controlRepository,
    CAPTURE_INCLUDE: 'pull-requests,issues,commits,labels',
    // History waits until the repository is enrolled, so that the story has one order.
    INNGEST_BULK_PER_DAY: '0',
  });
  if (!loaded.ok) throw new StartProblem(loaded.problems.join('; '));
  const { config } = loaded;
  if (options.dataDir !== null) config.database.dataDir = options.dataDir;
  const app = await createApp({ config, log: createLog(config.logLevel), isMonitorOpenLocally: true });
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  town.jobs.variables.set('HYBRID_CAPTURE_URL', app.url);
  return { app, config };
}

/** The port asked for, or with 0 one that nobody listens on; the app's own address must be known before it starts. */
async function choosePort(wanted: number): Promise<number> {
  const server = createServer();
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  });
  try {
    await listening;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    const why = code === 'EADDRINUSE' ? 'is in use' : `can't be opened (${code})`;
    throw new StartProblem(`port ${wanted} ${why}: give --port another one, or leave it out.`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
