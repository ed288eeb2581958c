import type { Command } from 'commander';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

export function addMigrateCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('migrate')
    .description('Brings the tables of the database up to date; the app does the same when it starts.')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig(terminal);
      await withDatabase(config, { isNew: true }, async (db) => {
        const { applied } = await migrate(db, { schema: config.database.schema });
        await ensureRollout(db, config.rollout);
        if (json) return terminal.print(JSON.stringify({ applied }));
        terminal.print(
          applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`,
        );
      });
    });
}
