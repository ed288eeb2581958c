import { describeStartProblem } from '../app/start-problem.ts';
import { DatasetError } from '../sandbox/dataset.ts';
import { readOptions } from './options.ts';
import { tellStory } from './story.ts';

/** `npm run demo`: exit code 0 when everything that was captured is exactly what the local GitHub holds. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    const isExact = await tellStory(options, stop.signal);
    if (!isExact) process.exitCode = 1;
  } catch (error) {
    const hint = error instanceof DatasetError ? ' (--dataset; DESIGN of the format: docs/demo.md)' : '';
    process.stderr.write(`demo: ${describeStartProblem(error)}${hint}\n`);
    process.exitCode = 1;
  }
}

await main();
