/** Preloaded into a process: appends the URL of each file that it loads as code to the file that `BENCH_LOADED_FILE` names. */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) appendFileSync(process.env.BENCH_LOADED_FILE ?? '', `${url}\n`);
    return next(url, context);
  },
});
