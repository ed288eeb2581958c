import { ROLLOUT_STRATEGIES } from '../../config/config.ts';
import { evaluateEnrolment, FEATURE_NAME } from '../../rollout/evaluate-enrolment.ts';
import { refuse } from '../../text/answer.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { judgeIncrease } from './judge-increase.ts';
import { reasonOf } from './reason-of.ts';

export const strategyVerb: RolloutVerb = {
  verb: 'strategy',
  usage: `strategy ${ROLLOUT_STRATEGIES.join('|')} [reason]`,
  summary: 'Sets how the percentage chooses repositories.',
  needs: 'admin',
  isWrite: true,
  flags: ['reason', 'force', 'if-version', 'dry-run'],
  examples: ['strategy percentage', 'strategy repository_size --dry-run'],
  run: async (context) => {
    const strategy = ROLLOUT_STRATEGIES.find((name) => name === context.words[0]);
    if (!strategy) {
      return {
        ...refuse(
          'not_understood',
          `The strategies are ${ROLLOUT_STRATEGIES.map((name) => `\`${name}\``).join(', ')}.`,
        ),
        quoted: context.words.join(' '),
      };
    }
    const reason = reasonOf(context, 1);
    return applyChange(context, {
      action: 'strategy',
      reason,
      decide: (picture, level) => {
        const { rollout, evidence } = picture;
        const isIn = (of: typeof rollout, one: (typeof evidence.repositories.served)[number]) =>
          evaluateEnrolment(one, of).eligible;
        const brings = evidence.repositories.served.some(
          (one) => !isIn(rollout, one) && isIn({ ...rollout, strategy }, one),
        );
        const refusal = brings ? judgeIncrease(picture, context, { level, reason, gates: ['frozen'] }) : null;
        return refusal ?? { patch: { strategy }, reasonCode: 'strategy_changed' };
      },
      describe: ({ before, after }) => ({
        headline: `${after.featureName}: strategy ${before.strategy} → ${after.strategy}`,
        body: [`Undo: \`/rollout strategy ${before.strategy}\``],
      }),
      unchanged: {
        reasonCode: 'already_set',
        headline: `The strategy of ${FEATURE_NAME} was ${strategy} before; nothing was changed.`,
      },
    });
  },
};
