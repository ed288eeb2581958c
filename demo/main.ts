import { describeStartProblem } from '../app/start-problem.ts';
import { DatasetError } from '../sandbox/dataset.ts';
import { readOptions } from './options.ts';
import { tellStory } from './story.ts';

/** How long what was started may take to end after the story was broken off, in milliseconds. */
const GRACE_MS = 5_000;
/** What a shell gives for a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** `npm run demo`: exit code 0 when everything that was captured is exactly what the local GitHub holds. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const stop = new AbortController();
  let exitCode = 1;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // `once`: the same signal again ends the process at once.
    process.once(signal, () => {
      exitCode = EXIT_CODES[signal];
      stop.abort(new Error(`stopped by ${signal}.`));
    });
  }
  // Whoever read the output has closed it (`| head`).
  process.stdout.on('error', () => process.exit(exitCode));
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => {
      tellProblem(stop.signal.reason);
      process.exit(exitCode);
    }, GRACE_MS).unref();
  });
  try {
    return (await tellStory(options, stop)) ? 0 : 1;
  } catch (error) {
    tellProblem(error);
    return exitCode;
  }
}

function tellProblem(error: unknown): void {
  const hint = error instanceof DatasetError ? ' (--dataset; docs/demo.md describes the format)' : '';
  process.stderr.write(`demo: ${describeStartProblem(error)}${hint}\n`);
}

// Not left to the event loop: whatever a part may have left open, the demo ends when its story does.
process.exit(await main());
