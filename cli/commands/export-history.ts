import type { Command } from 'commander';
import type { Database } from '../../src/store/database.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

/** Rows that are read at a time, so that a long history takes no memory. */
const PAGE = 1_000;

/** `rollout export`: the whole audit as JSON lines, oldest first, for another archive. */
export function addExportHistoryCommand(rollout: Command, terminal: CommandTerminal): void {
  rollout
    .command('export')
    .description('Prints the whole history of the rollout as JSON lines, oldest first.')
    .action(async () => {
      await withDatabase(readConfig(terminal), {}, async (db) => {
        for await (const row of readWholeHistory(db)) terminal.print(JSON.stringify(row));
      });
    });
}

async function* readWholeHistory(db: Database) {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('rollout_history')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(PAGE)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = Number(last.seq);
  }
}
