import { createApp } from '../../app/create-app.ts';
import { createLog } from '../../app/log.ts';
import { loadConfig } from '../../src/config/config.ts';
import { report } from './report-process.ts';

/** The whole app, as a process of its own; its settings come with the environment. */
const loaded = loadConfig(process.env);
if (!loaded.ok) throw new Error(loaded.problems.join('; '));
const { config } = loaded;
const app = await createApp({ config, log: createLog(config.logLevel) });
report(`${app.url}/api/github/webhooks`);
