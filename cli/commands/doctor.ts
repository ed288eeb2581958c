import type { Command } from 'commander';
import { countOf } from '../../src/text/count-of.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { createDispatchTest } from '../doctor/dispatch-test.ts';
import type { Finding, FindingStatus } from '../doctor/finding.ts';
import { runDoctor } from '../doctor/run-doctor.ts';
import { createTestEvent } from '../doctor/send-test-event.ts';
import type { CommandTerminal } from '../terminal.ts';

interface DoctorOptions {
  sendTestEvent?: boolean;
  dispatchTest?: boolean;
  json?: boolean;
}

const MARKS: Readonly<Record<FindingStatus, string>> = {
  ok: 'ok      ',
  warning: 'WARNING ',
  failed: 'FAILED  ',
  skipped: '-       ',
};

export function addDoctorCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('doctor')
    .description(
      'Looks at everything that must be right, and says how to put it right. Exit code 0: all is well, 3: warnings, 1: failures.',
    )
    .option(
      '--send-test-event',
      'also send an event through Inngest and wait for its function (2 executions)',
    )
    .option('--dispatch-test', 'also start a workflow run that captures nothing, and wait for it')
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      const findings = await runDoctor({
        env: terminal.env,
        more: [
          ...(options.sendTestEvent ? [createTestEvent()] : []),
          ...(options.dispatchTest ? [createDispatchTest()] : []),
        ],
      });
      terminal.print(
        options.json ? JSON.stringify({ status: worstOf(findings), findings }) : render(findings),
      );
      const worst = worstOf(findings);
      if (worst === 'failed') terminal.setFailed();
      else if (worst === 'warning') terminal.setFailed(3);
    });
}

function worstOf(findings: readonly Finding[]): FindingStatus {
  const order: FindingStatus[] = ['failed', 'warning', 'ok'];
  return order.find((status) => findings.some((finding) => finding.status === status)) ?? 'skipped';
}

function render(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, status, code, message, cure }) => [
    `${MARKS[status]}${check}: ${neutralizeLog(message, 1_000)}${status === 'ok' ? '' : ` [${code}]`}`,
    ...(cure === null ? [] : [`          ${neutralizeLog(cure, 1_000)}`]),
  ]);
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  return [
    ...lines,
    `${count('ok')} well, ${countOf(count('warning'), 'warning')}, ${count('failed')} failed, ${count('skipped')} not looked at.`,
  ].join('\n');
}
