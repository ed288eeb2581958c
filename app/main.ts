import { loadEnvFile } from 'node:process';
import { loadConfig } from '../src/config/config.ts';
import { createApp } from './create-app.ts';
import { createSetup } from './create-setup.ts';
import { createLog } from './log.ts';
import { describeStartProblem } from './start-problem.ts';

/** `npm start`: reads the settings (a `.env` file adds to the environment), starts the app, ends it on a signal. */
async function main(): Promise<void> {
  try {
    loadEnvFile();
  } catch {
    // There is no .env file.
  }
  const loaded = loadConfig(process.env);
  if (!loaded.ok) return fail(loaded.problems);
  const { config } = loaded;
  const log = createLog(config.logLevel);
  try {
    const running = await (config.github.appId === null ? createSetup : createApp)({ config, log });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'Stopping.');
        void running.close();
      });
    }
  } catch (error) {
    fail([describeStartProblem(error)]);
  }
}

function fail(problems: string[]): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

await main();
