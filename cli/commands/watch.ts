import type { Command } from 'commander';
import { isDatabaseAway } from '../../app/database-away.ts';
import type { Config } from '../../src/config/config.ts';
import { sleepFor } from '../../src/github/sleep.ts';
import { parseWholeNumber } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readWatched, type Watched } from '../watch/read-watched.ts';
import { createJsonView, createLineView, createScreenView, type View } from '../watch/views.ts';
import { readConfig, withDatabase } from '../with-database.ts';

export function addWatchCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('watch')
    .description(
      'Shows live how the rollout, the jobs and the budget stand, until Ctrl-C (exit code 0). In a pipe: a line for each change.',
    )
    .option(
      '--interval <seconds>',
      'from one look to the next, 1 to 3600',
      (text: string) => parseWholeNumber(text, 1, 3_600),
      5,
    )
    .option('--json', 'print a JSON object a look, a line each')
    .action(async ({ interval, json }: { interval: number; json?: boolean }) => {
      const config = readConfig(terminal);
      const intervalMs = interval * 1_000;
      const interruption = terminal.listenForInterruption();
      const view = json
        ? createJsonView(terminal.print)
        : terminal.screen
          ? createScreenView(terminal.screen, intervalMs)
          : createLineView(terminal.print);
      try {
        await watch(config, view, { intervalMs, interruption });
      } finally {
        view.end();
      }
    });
}

/** Looks again and again. A database that is away is said, and tried again; any other error ends it. */
async function watch(
  config: Config,
  view: View,
  { intervalMs, interruption }: { intervalMs: number; interruption: AbortSignal },
): Promise<void> {
  let before: Watched | null = null;
  while (!interruption.aborted) {
    try {
      await withDatabase(config, {}, async (db) => {
        while (!interruption.aborted) {
          before = await readWatched(db, config, before);
          view.show(before);
          await sleepFor(intervalMs, interruption);
        }
      });
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      view.showAway(error instanceof Error ? `${error.message} Trying again.` : String(error), new Date());
      await sleepFor(intervalMs, interruption);
    }
  }
}
