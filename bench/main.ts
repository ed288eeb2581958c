import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { makeTemporaryRoot } from '../test/support/temporary-root.ts';
import { createCaptures } from './captures.ts';
import type { BenchContext, Measurement } from './figure.ts';
import { FIGURES } from './figures/index.ts';
import { readOptions } from './options.ts';
import { renderTable } from './render-table.ts';
import { FULL_SIZES, QUICK_SIZES } from './sizes.ts';

/** `npm run bench:capture`: exit code 0 unless a figure could not be measured, whether or not it is reached. */
async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const options = readOptions(given, FIGURES);
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const root = makeRoot();
  const { isQuick, seed } = options;
  const parts: Omit<BenchContext, 'captures'> = {
    ...{ isQuick, seed, sizes: isQuick ? QUICK_SIZES : FULL_SIZES },
    folder: (name) => mkdtemp(join(root, `${name}-`)),
    say: createSay(seconds),
  };
  const context: BenchContext = { ...parts, captures: createCaptures(parts) };
  const measurements: Measurement[] = [];
  const failures: string[] = [];
  for (const figure of FIGURES) {
    if (options.only && !options.only.includes(figure.name)) continue;
    try {
      measurements.push(...(await figure.measure(context)));
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push(figure.name);
      process.stderr.write(`bench: ${figure.name} could not be measured: ${message}\n`);
    }
  }
  const about = [
    `Made by \`npm run bench:capture${given.length > 0 ? ` -- ${given.join(' ')}` : ''}\` in ${seconds()} s: seed ${seed}${isQuick ? ', small histories that no figure can be judged by' : ''}.`,
    ...(failures.length > 0 ? [`Not measured: ${failures.join(', ')}.`] : []),
  ];
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  process.stdout.write(renderTable(measurements, about));
  if (options.json) {
    const results = { isQuick, seed, seconds: seconds(), failures, measurements };
    await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  return failures.length === 0 ? 0 : 1;
}

/** What a shell gives for a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Everything that is made on the way, by all processes, goes with this one. */
function makeRoot(): string {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(EXIT_CODES[signal]));
  }
  return makeTemporaryRoot('hybrid-capture-bench-');
}

const EVERY_MS = 2_000;

/** One line of progress that is written over on a terminal; elsewhere a line now and then. */
function createSay(seconds: () => number): (text: string) => void {
  const { stderr } = process;
  let last = 0;
  return (text) => {
    const line = `${String(seconds()).padStart(4)} s  ${text}`;
    if (stderr.isTTY) {
      stderr.write(`\r\u001b[2K${line.slice(0, stderr.columns - 1)}`);
    } else if (Date.now() - last >= EVERY_MS) {
      last = Date.now();
      stderr.write(`${line}\n`);
    }
  };
}

process.exit(await main());
