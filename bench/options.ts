import { Command, InvalidArgumentError } from 'commander';
import type { Figure } from './figure.ts';

export interface BenchOptions {
  isQuick: boolean;
  /** Names of the figures to measure; null: all. */
  only: string[] | null;
  /** Where the results go as JSON too; null: nowhere. */
  json: string | null;
  seed: number;
}

/** Reads the command line; commander itself answers `--help` and wrong usage. */
export function readOptions(args: readonly string[], figures: readonly Figure[]): BenchOptions {
  const names = figures.map(({ name }) => name);
  const program = new Command('npm run bench:capture --')
    .description(
      'Measures the capture against the local GitHub with its limits on, and prints one Markdown table.\n' +
        'The Action is measured as it is in dist/: run `npm run build:action` first.',
    )
    .option('--quick', 'small histories, for a look whether everything works; figures mean nothing', false)
    .option('--only <names>', `some figures, by name, with commas`, (text) => readNames(text, names))
    .option('--json <file>', 'write the results there as JSON too')
    .option('--seed <number>', 'of the made-up histories', readSeed, 1)
    .addHelpText(
      'after',
      `\nFigures:\n${figures.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join('\n')}`,
    )
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  program.parse([...args], { from: 'user' });
  const { quick, only, json, seed } = program.opts();
  return { isQuick: quick, only: only ?? null, json: json ?? null, seed };
}

function readNames(text: string, names: readonly string[]): string[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`there is no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  return wanted;
}

function readSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number of at most 9 digits');
  return Number(text);
}
