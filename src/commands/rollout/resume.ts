import { formatPercent } from '../../rollout/describe-rollout.ts';
import type { RolloutPicture } from '../../rollout/read-picture.ts';
import type { RolloutPatch } from '../../rollout/rollout-store.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { judgeIncrease } from './judge-increase.ts';
import { reasonOf } from './reason-of.ts';
import { stoppedByEnvironment } from './refuse-where-it-stands.ts';

export const resumeVerb: RolloutVerb = {
  verb: 'resume',
  usage: 'resume [reason] [--at <percent>]',
  summary: 'Ends a stop (back to the percentage before), a hold, or a rollback (back to the first phase).',
  needs: 'maintain',
  isWrite: true,
  flags: ['reason', 'at', 'force', 'if-version', 'dry-run'],
  examples: ['resume fixed in #12', 'resume --at 5 carefully'],
  run: async (context) => {
    const reason = reasonOf(context);
    return applyChange(context, {
      action: 'resume',
      reason,
      decide: (picture, level) => {
        const begun = begin(picture, context.now());
        if ('headline' in begun) return begun;
        const { at } = context.flags;
        if (at !== undefined && at > begun.percentage) {
          return refuse(
            'at_too_high',
            `\`--at\` may only begin lower than ${formatPercent(begun.percentage)}.`,
            'Resume first; then raise it with `/rollout advance` or `/rollout set`.',
          );
        }
        const percentage = at ?? begun.percentage;
        const refusal = begun.isIncrease
          ? judgeIncrease(picture, context, { level, reason, gates: ['frozen'] })
          : null;
        return refusal ?? { patch: { ...begun.patch, percentage }, reasonCode: begun.reasonCode };
      },
      describe: ({ before, after }) => ({
        headline: `${after.featureName} is ${after.state} again at ${formatPercent(after.percentage)}`,
        body: [
          ...(after.epoch === before.epoch
            ? []
            : [`Epoch ${after.epoch} begins: the guard counts from now on.`]),
          ...(after.cooldownUntil && after.cooldownUntil > context.now()
            ? [`Cool-down: no increase before ${formatTime(after.cooldownUntil)}.`]
            : []),
          'Undo: `/rollout stop <reason>` or `/rollout hold <reason>`',
        ],
      }),
      unchanged: {
        reasonCode: 'not_stopped',
        headline: 'The rollout is running: there is nothing to resume.',
      },
    });
  },
};

interface Beginning {
  patch: RolloutPatch;
  percentage: number;
  reasonCode: string;
  isIncrease: boolean;
}

function begin({ rollout }: RolloutPicture, now: Date): Beginning | Answer {
  if (rollout.stoppedBy.environment) return stoppedByEnvironment();
  const wasRolledBack = rollout.state === 'rolled_back' || rollout.stoppedFrom === 'rolled_back';
  if (wasRolledBack) {
    return {
      patch: {
        emergencyStop: false,
        state: 'running',
        ...(rollout.rearmOnResume ? { autoAdvance: true, rearmOnResume: false } : {}),
      },
      percentage: rollout.phases[0] ?? 0,
      reasonCode: 'resumed_after_rollback',
      isIncrease: true,
    };
  }
  const { percentage } = rollout;
  if (rollout.state === 'stopped') {
    const state = rollout.stoppedFrom === 'completed' ? 'completed' : 'running';
    return {
      patch: { emergencyStop: false, state },
      percentage,
      reasonCode: 'resumed_after_stop',
      isIncrease: percentage > 0,
    };
  }
  if (rollout.state === 'held') {
    // What made the guard hold was seen by the person who resumes; it would hold again at its next look.
    const seen = rollout.hold?.by === 'guard' ? { evidenceSince: now } : {};
    return {
      patch: { state: 'running', hold: null, ...seen },
      percentage,
      reasonCode: 'resumed_after_hold',
      isIncrease: false,
    };
  }
  if (rollout.state === 'draft' || !rollout.isActive) {
    return {
      patch: { state: 'running', isActive: true },
      percentage,
      reasonCode: 'started',
      isIncrease: percentage > 0,
    };
  }
  return refuse('not_stopped', 'The rollout is running: there is nothing to resume.');
}
