import { Command } from 'commander';

export interface DevOptions {
  inngest: boolean;
  /** A channel of smee.io, or true for a new one; null: no tunnel. */
  tunnel: string | true | null;
}

/** Reads the command line; commander itself answers `--help` and wrong usage (exit code 2). */
export function readOptions(args: readonly string[]): DevOptions {
  const program = new Command('npm run dev --')
    .description(
      "Starts the app with what is in .env, and Inngest's dev server beside it: that of INNGEST_BIN, else by npx.\n" +
        'Where it can not be had, the worker in the app does its part.',
    )
    .option('--no-inngest', "without Inngest's dev server")
    .option(
      '--tunnel [url]',
      'let GitHub reach this machine through a smee.io channel, a new one where none is named; who knows its address sees your webhooks',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const { inngest, tunnel } = program
    .parse(args, { from: 'user' })
    .opts<{ inngest: boolean; tunnel?: string | true }>();
  return { inngest, tunnel: tunnel ?? null };
}
