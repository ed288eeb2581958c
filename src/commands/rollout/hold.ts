import { FEATURE_NAME } from '../../rollout/evaluate-enrolment.ts';
import { refuse } from '../../text/answer.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { reasonOf } from './reason-of.ts';
import { refuseWhereItStands } from './refuse-where-it-stands.ts';

export const holdVerb: RolloutVerb = {
  verb: 'hold',
  usage: 'hold <reason>',
  summary: 'Stops advancing; those who are in stay in.',
  needs: 'write',
  isWrite: true,
  flags: ['reason', 'if-version', 'dry-run'],
  examples: ['hold release week'],
  run: async (context) => {
    const reason = reasonOf(context);
    if (reason === null) return refuse('reason_missing', 'A hold needs a reason: `/rollout hold <reason>`.');
    return applyChange(context, {
      action: 'hold',
      reason,
      decide: ({ rollout }) => {
        const refusal = refuseWhereItStands(rollout, ['stopped', 'rolled_back', 'draft']);
        if (refusal) return refusal;
        // A person's hold takes the place of the guard's.
        return { patch: { state: 'held', hold: { by: 'person', code: 'held', reason } }, reasonCode: 'held' };
      },
      describe: ({ after }) => ({
        headline: `${after.featureName} is held`,
        body: ['Nothing advances, also not by itself. Rollback and stop still work. Undo: `/rollout resume`'],
      }),
      unchanged: {
        reasonCode: 'already_held',
        headline: `${FEATURE_NAME} was held before; nothing was changed.`,
      },
    });
  },
};
