import { formatPercent } from '../../rollout/describe-rollout.ts';
import { FEATURE_NAME } from '../../rollout/evaluate-enrolment.ts';
import { phasesReached } from '../../rollout/phases.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import type { RolloutContext, RolloutVerb } from '../command.ts';
import { authorize } from '../permission.ts';
import { readPercentage } from '../read-percentage.ts';
import { applyChange, type Decided } from './apply-change.ts';
import { judgeForce, judgeIncrease } from './judge-increase.ts';
import { reasonOf } from './reason-of.ts';
import { refuseWhereItStands } from './refuse-where-it-stands.ts';

export const setVerb: RolloutVerb = {
  verb: 'set',
  usage: 'set <0–100> [reason]',
  summary:
    'Sets the percentage. Lowering needs write; raising needs maintain; more than one phase up needs admin, `--force` and a reason.',
  needs: 'write',
  isWrite: true,
  flags: ['reason', 'force', 'if-version', 'dry-run'],
  examples: ['set 25 first week was fine', 'set 0 something is wrong', 'set 50 --if-version 17'],
  run: async (context) => {
    const [first, ...rest] = context.words;
    // "25 %" is two words.
    const words = rest[0] === '%' ? rest.slice(1) : rest;
    const target = first === undefined ? undefined : readPercentage(first);
    if (target === undefined) {
      return {
        ...refuse(
          'not_understood',
          'Say the percentage, 0 to 100 with at most two decimals: `/rollout set <0–100> [reason]`.',
        ),
        quoted: context.words.join(' '),
      };
    }
    const reason = reasonOf({ flags: context.flags, words });
    return applyChange(context, {
      action: 'set',
      reason,
      decide: (picture, level) => {
        const { rollout } = picture;
        const refusal = refuseWhereItStands(rollout, ['stopped', 'rolled_back']);
        if (refusal) return refusal;
        const state = rollout.state === 'completed' ? { state: 'running' as const } : {};
        if (target <= rollout.percentage) {
          return {
            patch: { percentage: target, ...(target < rollout.percentage ? state : {}) },
            reasonCode: 'set_lower',
          };
        }
        return decideRaise(context, { target, reason, picture, level });
      },
      describe: ({ before, after }) => ({
        headline: `${after.featureName} ${formatPercent(before.percentage)} → ${formatPercent(after.percentage)}`,
        body: [`Undo: \`/rollout set ${before.percentage}\``],
      }),
      unchanged: {
        reasonCode: 'already_set',
        headline: `${FEATURE_NAME} was at ${formatPercent(target)} before; nothing was changed.`,
      },
    });
  },
};

function decideRaise(
  context: RolloutContext,
  {
    target,
    reason,
    picture,
    level,
  }: {
    target: number;
    reason: string | null;
    picture: Parameters<typeof judgeIncrease>[0];
    level: Parameters<typeof judgeForce>[0]['level'];
  },
): Decided {
  const { rollout } = picture;
  const refusal: Answer | null =
    (authorize(level, 'maintain')
      ? null
      : refuse(
          'permission_denied',
          `Raising the percentage needs maintain permission here; yours is ${level}.`,
        )) ??
    refuseWhereItStands(rollout, ['draft', 'held']) ??
    judgeIncrease(picture, context, { level, reason, gates: ['error_rate', 'cooling_down', 'frozen'] });
  if (refusal) return refusal;
  const jump = phasesReached(rollout.phases, target) - phasesReached(rollout.phases, rollout.percentage);
  if (jump <= 1)
    return { patch: { percentage: target }, reasonCode: context.flags.force ? 'set_forced' : 'set_higher' };
  if (!context.flags.force) {
    return refuse(
      'more_than_one_phase',
      `From ${formatPercent(rollout.percentage)} to ${formatPercent(target)} are ${jump} phases at once (${rollout.phases.join('-')} %).`,
      'One at a time: `/rollout advance`, or `/rollout set <percentage>` up to the next phase.',
      `With admin permission: \`/rollout set ${target} --force --reason "…"\``,
    );
  }
  return (
    judgeForce({ level, reason }, 'admin') ?? { patch: { percentage: target }, reasonCode: 'set_forced' }
  );
}
