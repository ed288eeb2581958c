import type { Answer } from '../../text/answer.ts';
import { formatPercent, statusTable } from '../describe-rollout.ts';
import type { Rollout } from '../rollout-store.ts';
import type { GuardDecision, Tick } from './decide-tick.ts';
import type { GuardEvidence } from './evidence.ts';

/** What people are told when the guard has changed the rollout by itself. */
export function renderNotice(
  decision: GuardDecision,
  context: { before: Rollout; after: Rollout; tick: Tick; evidence: GuardEvidence },
): Answer {
  const { after, evidence } = context;
  const cure = decision.code === 'blocked_jobs' ? evidence.blockedInARow.cure : null;
  return {
    ok: decision.kind === 'advance' || decision.kind === 'complete',
    reasonCode: decision.code,
    headline: headlineOf(decision, context),
    // The verdicts are those that led to it; state, percentage and version are those that it led to.
    table: statusTable({ rollout: after, evidence, tick: context.tick, guardSeenAt: evidence.at }).filter(
      ([label]) => SHOWN.some((shown) => label.startsWith(shown)),
    ),
    body: [decision.text, ...nextSteps(decision, after)],
    ...(cure ? { quoted: cure } : {}),
  };
}

const SHOWN = ['State', 'Percentage', 'Phase', 'Jobs', 'Error rate', 'Verdict', 'Control', 'Version'];

function headlineOf(decision: GuardDecision, { before, after }: { before: Rollout; after: Rollout }): string {
  const change = `${formatPercent(before.percentage)} → ${formatPercent(after.percentage)}`;
  const name = after.featureName;
  switch (decision.kind) {
    case 'rollback':
      return `${name} was rolled back: ${change}, v${after.version}`;
    case 'hold':
      return `${name} is held at ${formatPercent(after.percentage)} (${decision.code}), v${after.version}`;
    case 'complete':
      return `${name} is complete at ${formatPercent(after.percentage)}, v${after.version}`;
    default:
      return `${name} ${change}, v${after.version}, by the guard`;
  }
}

function nextSteps({ kind, code }: GuardDecision, { cooldownUntil }: Rollout): string[] {
  if (kind === 'rollback') {
    return [
      `Nobody is in the rollout now; work goes on in Inngest, and runs that had begun go on to their end. Nothing starts again by itself: \`/rollout resume <reason>\` restarts at the first phase${cooldownUntil ? `, and no increase follows before ${cooldownUntil.toISOString().slice(0, 16).replace('T', ' ')} UTC` : ''}.`,
    ];
  }
  if (kind === 'hold') {
    const after = code === 'blocked_jobs' ? 'When the cause below is gone' : 'When the cause is gone';
    return [
      `Those who are in stay in. ${after}: \`/rollout resume <reason>\`; or \`/rollout set 0 <reason>\`.`,
    ];
  }
  if (kind === 'advance')
    return ['To go back: `/rollout set <percentage> <reason>`; to stay here: `/rollout hold <reason>`.'];
  return [];
}
