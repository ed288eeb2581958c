import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { describeError } from './describe-error.ts';
import { log } from './log.ts';
import { run } from './run.ts';

// GitHub is what takes the time of a run; without this V8 lets garbage pile up, more the longer the run (20,000 pull
// requests: 375 MB instead of 160).
setFlagsFromString('--optimize-for-size');

try {
  await run(new Date());
} catch (error) {
  log.annotate({
    level: 'error',
    title: 'Unexpected error',
    text: `${describeError(error)}. Run again with debug logging, and report it if it stays.`,
  });
  if (error instanceof Error && error.stack) log.debug(error.stack);
} finally {
  // What still listens (a broken connection) must not keep the run alive, once all is written.
  process.stdout.write('', () => process.exit());
}
