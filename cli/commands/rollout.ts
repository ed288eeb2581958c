import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { RolloutPlace, RolloutVerb } from '../../src/commands/command.ts';
import { executeRolloutCommand } from '../../src/commands/execute-command.ts';
import { FLAG_USAGE } from '../../src/commands/render-help.ts';
import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import type { Config } from '../../src/config/config.ts';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { bulkAvailability } from '../../src/route/bulk-availability.ts';
import type { Database } from '../../src/store/database.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import { renderTerminal } from '../../src/text/render-answer.ts';
import { openGitHubApp, readJobsRepositoryVisibility } from '../open-github.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';
import { addExportHistoryCommand } from './export-history.ts';

/** Every verb of `/rollout`, from the same registry. Whoever has the database's password may use all of them. */
export function addRolloutCommand(program: Command, terminal: CommandTerminal): void {
  const rollout = program
    .command('rollout')
    .description('Steers which repositories run their bulk work in GitHub Actions.');
  addExportHistoryCommand(rollout, terminal);
  // `help` is the command line's own: it needs no database.
  for (const verb of ROLLOUT_VERBS.filter(({ verb }) => verb !== 'help')) {
    const [, ...usage] = verb.usage.split(' ');
    rollout
      .command(verb.verb)
      .description(verb.summary)
      .usage(`[--json] ${usage.join(' ')}`)
      .argument('[arguments...]')
      .option('--json', 'print JSON')
      // The verb reads its own flags, as it does in a comment.
      .allowUnknownOption()
      .addHelpText(
        'after',
        [
          ...verb.flags.map((flag) => `  ${FLAG_USAGE[flag].replaceAll('`', '')}`),
          '\nExamples:',
          ...verb.examples.map((example) => `  hybrid-capture rollout ${example}`),
        ].join('\n'),
      )
      .action(async (args: string[], { json }: { json?: boolean }) => {
        const config = readConfig(terminal);
        await withDatabase(config, {}, async (db) => {
          await ensureRollout(db, config.rollout);
          const answer = await executeRolloutCommand(
            { verb: verb.verb, args },
            await openPlace(db, config, verb),
          );
          if (!answer.ok) terminal.setFailed();
          if (json) terminal.print(JSON.stringify(answer));
          else if (answer.ok) terminal.print(renderTerminal(answer));
          else terminal.fail(renderTerminal(answer));
        });
      });
  }
}

async function openPlace(db: Database, config: Config, { verb }: RolloutVerb): Promise<RolloutPlace> {
  // Only what explains where work goes asks GitHub, and only where it can be asked.
  const app = verb === 'why' && config.bulk.workflow !== null ? await openGitHubApp(config) : null;
  const visibility = app === null ? null : await readJobsRepositoryVisibility(config, app);
  return {
    db,
    now: () => new Date(),
    environmentStop: config.rollout.environmentStop,
    costing: config,
    actor: { type: 'operator', login: userInfo().username },
    source: { type: 'cli' },
    place: { kind: 'control' },
    isPublic: false,
    permission: async () => 'admin',
    findRepository: (fullName) => findServedRepository(db, fullName),
    planning: { config, bulkFor: (of) => bulkAvailability(config, of, visibility) },
  };
}
