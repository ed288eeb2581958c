import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { executeRolloutCommand, ROLLOUT_VERBS } from '../../src/rollout/commands.ts';
import { renderTerminal } from '../../src/rollout/render-reply.ts';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

/** Every verb of `/rollout`, from the same registry. Whoever has the database's password may use all of them. */
export function addRolloutCommand(program: Command, terminal: CommandTerminal): void {
  const rollout = program
    .command('rollout')
    .description('Steers which repositories run their bulk work in GitHub Actions.');
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
        `\nExamples:\n${verb.examples.map((example) => `  hybrid-capture rollout ${example}`).join('\n')}`,
      )
      .action(async (args: string[], { json }: { json?: boolean }) => {
        const config = readConfig(terminal);
        await withDatabase(config, {}, async (db) => {
          await ensureRollout(db, config.rollout);
          const outcome = await executeRolloutCommand(
            { verb: verb.verb, args },
            {
              db,
              environmentStop: config.rollout.environmentStop,
              actor: { type: 'operator', login: userInfo().username },
              source: { type: 'cli' },
              place: { kind: 'control' },
              permission: async () => 'admin',
              findRepository: async (fullName) => findServedRepository(db, fullName),
            },
          );
          if (!outcome.ok) terminal.setFailed();
          if (json) terminal.print(JSON.stringify(outcome));
          else if (outcome.ok) terminal.print(renderTerminal(outcome));
          else terminal.fail(renderTerminal(outcome));
        });
      });
  }
}
