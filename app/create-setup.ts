import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Config } from '../src/config/config.ts';
import { listen } from './create-app.ts';
import type { RunningServer } from './http.ts';
import type { AppLog } from './log.ts';
import { createSetupPages } from './setup-pages.ts';
import { StartProblem } from './start-problem.ts';

/** Serves the set-up page alone, while no GitHub App is registered. Ends by itself when one is. */
export async function createSetup(options: {
  config: Config;
  log: AppLog;
}): Promise<{ url: string; close(): Promise<void> }> {
  const { config, log } = options;
  if (config.production) {
    throw new StartProblem(
      'APP_ID and PRIVATE_KEY are not set: set them to those of the GitHub App, or start once without NODE_ENV=production for the set-up page.',
    );
  }
  const accessCode = randomBytes(16).toString('hex');
  let server: RunningServer | null = null;
  const close = async (): Promise<void> => server?.close(1_000);
  const pages = createSetupPages({
    config,
    log,
    accessCode,
    localUrl: () => server?.url ?? '',
    manifestFile: fileURLToPath(new URL('../app.yml', import.meta.url)),
    environmentFile: '.env',
    onRegistered: () => void close(),
  });
  server = await listen(config, [pages], log);
  log.info(
    { url: server.url },
    `No GitHub App is set up yet. Open ${server.url}/ on this machine, or /?code=${accessCode} from another one, to register it.`,
  );
  return { url: server.url, close };
}
