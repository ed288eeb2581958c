import { formatPercent } from '../../rollout/describe-rollout.ts';
import { nextPhase } from '../../rollout/phases.ts';
import { refuse } from '../../text/answer.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { judgeIncrease } from './judge-increase.ts';
import { reasonOf } from './reason-of.ts';
import { refuseWhereItStands } from './refuse-where-it-stands.ts';

export const advanceVerb: RolloutVerb = {
  verb: 'advance',
  usage: 'advance [reason]',
  summary: 'Goes on to the next phase, if its gates are open.',
  needs: 'maintain',
  isWrite: true,
  flags: ['reason', 'force', 'if-version', 'dry-run'],
  examples: [
    'advance',
    'advance --dry-run',
    'advance --force --reason "this phase will never have enough jobs"',
  ],
  run: async (context) => {
    const reason = reasonOf(context);
    return applyChange(context, {
      action: 'advance',
      reason,
      decide: (picture, level) => {
        const { rollout, tick } = picture;
        const refusal = refuseWhereItStands(rollout, ['stopped', 'rolled_back', 'draft', 'held']);
        if (refusal) return refusal;
        const percentage = nextPhase(rollout);
        if (percentage === null) return refuse('at_100_percent', 'Everybody is in: there is no next phase.');
        const gates = tick.gates.map(({ code }) => code);
        const isForced = tick.gates.some(({ isOpen }) => !isOpen);
        return (
          judgeIncrease(picture, context, { level, reason, gates }) ?? {
            // A phase that passed its gates ends the row of rollbacks, by which the cool-down doubles.
            patch: { percentage, ...(isForced ? {} : { rollbacks: 0 }) },
            reasonCode: isForced ? 'advanced_forced' : 'advanced',
          }
        );
      },
      describe: ({ before, after }) => ({
        headline: `${after.featureName} ${formatPercent(before.percentage)} → ${formatPercent(after.percentage)}`,
        body: [`Undo: \`/rollout set ${before.percentage}\``],
      }),
      unchanged: { reasonCode: 'unchanged', headline: 'Nothing was changed.' },
    });
  },
};
