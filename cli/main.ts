import { loadEnvFile } from 'node:process';
import { Command, CommanderError } from 'commander';
import { addCaptureCommand } from './commands/capture.ts';
import { addCostCommand } from './commands/cost.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExportCommand } from './commands/export.ts';
import { addJobsCommand } from './commands/jobs.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addPurgeCommand } from './commands/purge.ts';
import { addRolloutCommand } from './commands/rollout.ts';
import { addWatchCommand } from './commands/watch.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/**
 * Runs the command line.
 * @param args without the program's name
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 done with warnings (doctor)
 */
export async function main(args: readonly string[]): Promise<0 | 1 | 2 | 3> {
  try {
    loadEnvFile();
  } catch {
    // There is no .env file.
  }
  return run(args, openTerminal());
}

/** `main` with the terminal given. */
export async function run(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2 | 3> {
  let exitCode: 0 | 1 | 3 = 0;
  const program = new Command('hybrid-capture')
    .description("Captures a team's GitHub activity into Postgres, and steers how.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.fail(text.trimEnd()),
    })
    .showHelpAfterError('(--help shows how)');
  const context = {
    ...terminal,
    setFailed: (code: 1 | 3 = 1) => {
      exitCode = code;
    },
  };
  addMigrateCommand(program, context);
  addCaptureCommand(program, context);
  addRolloutCommand(program, context);
  addJobsCommand(program, context);
  addWatchCommand(program, context);
  addExportCommand(program, context);
  addPurgeCommand(program, context);
  addPlanCommand(program, context);
  addCostCommand(program, context);
  addDoctorCommand(program, context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help was asked for, or commander has said what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.fail(describe(error));
    return 1;
  }
}

/** One line for each expected cause, never a stack. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('\n');
  if (!(error instanceof Error)) return String(error);
  return error.message.split('\n')[0] || error.name;
}
