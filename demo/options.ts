import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  /** A data set (gzip JSON lines); null: the small history that the product ships. */
  dataset: string | null;
  /** End when the story is told, in place of leaving the app open. */
  exit: boolean;
  /** The app's port; 0 takes a free one. */
  port: number;
}

/** Reads the command line; commander itself answers `--help` and wrong usage (exit code 2). */
export function readOptions(args: readonly string[]): DemoOptions {
  const program = new Command('npm run demo --')
    .description(
      'Shows the whole system on this machine: a local GitHub, the app, the packaged Action, a database.\n' +
        'DATABASE_URL, if set, must be an empty Postgres database; otherwise a new folder under .data/ is used and kept.',
    )
    .option('--dataset <file>', 'history to load, gzip JSON lines (docs/demo.md)', readFileName)
    .option('--exit', 'end when done, with exit code 0 only if every row is exact')
    .option('--port <number>', "the app's port, 0 to 65535; 0 takes a free one", readPort, 0)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const { dataset, exit, port } = program
    .parse(args, { from: 'user' })
    .opts<{ dataset?: string; exit?: true; port: number }>();
  return { dataset: dataset ?? null, exit: exit ?? false, port };
}

/** `--dataset --exit` forgot the file, and `--dataset "$UNSET"` too. */
function readFileName(text: string): string {
  if (text === '' || text.startsWith('--')) {
    throw new InvalidArgumentError('Name a file; one that begins with -- as ./--name.');
  }
  return text;
}

function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('A port is an integer from 0 to 65535.');
  }
  return Number(text);
}
