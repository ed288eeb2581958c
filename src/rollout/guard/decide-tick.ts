import { nextPhase } from '../phases.ts';
import type { Rollout } from '../rollout-store.ts';
import type { GuardEvidence } from './evidence.ts';
import { type ArmVerdicts, judgeArm } from './judge-arms.ts';
import { type Gate, type GateContext, judgeGates } from './judge-gates.ts';
import { judgeSample, type SampleVerdict } from './judge-sample.ts';

/** `unknown` is an answer of its own: too little data, or none that could be read. */
export type Health = 'healthy' | 'degraded' | 'failing' | 'unknown';

export interface GuardDecision {
  /**
   * - `none`: there is nothing for the guard to do (stopped, rolled back, completed);
   * - `hold`: the rollout stays where it is;
   * - `rollback`, `advance`, `complete`.
   */
  kind: 'none' | 'hold' | 'rollback' | 'advance' | 'complete';
  /** A hold that lasts until a person resumes; the others end by themselves when the gates are open. */
  isLasting: boolean;
  /** Stable. */
  code: string;
  /** One sentence of ours. */
  text: string;
  /** What it becomes; null: the percentage stays. */
  percentage: number | null;
}

export interface Tick {
  health: Health;
  decision: GuardDecision;
  enrolled: ArmVerdicts;
  control: ArmVerdicts;
  sample: SampleVerdict;
  gates: Gate[];
}

/** Three blocked jobs in a row have a cause that more jobs would only meet again. */
const MAX_BLOCKED = 3;

/**
 * Decides what one look at the rollout leads to. Pure; the order of the questions is part of the contract:
 * stop, common cause, rollback, blocked, no data, soak, freeze, advance.
 */
export function decideTick(rollout: Rollout, evidence: GuardEvidence, context: GateContext): Tick {
  const { enrolled: count, served } = evidence.repositories;
  const enrolled = judgeArm(evidence.enrolled, rollout, { repositories: count });
  const control = judgeArm(evidence.control, rollout, { repositories: served.length - count });
  const sample = judgeSample(rollout, evidence);
  const gates = judgeGates(rollout, evidence, { enrolled, control, sample }, context);
  const decided = decide(rollout, evidence, { enrolled, control }, gates);
  return {
    health: judgeHealth(rollout, { enrolled, gates, decision: decided }),
    decision: decided,
    enrolled,
    control,
    sample,
    gates,
  };
}

function decide(
  rollout: Rollout,
  evidence: GuardEvidence,
  arms: { enrolled: ArmVerdicts; control: ArmVerdicts },
  gates: readonly Gate[],
): GuardDecision {
  if (rollout.emergencyStop) return none('emergency_stop', 'The rollout is stopped.');
  if (rollout.state === 'rolled_back')
    return none('rolled_back', 'The rollout was rolled back; a person resumes it.');
  if (!rollout.isActive || rollout.state === 'draft') return none('inactive', 'The rollout is not active.');

  const breach = findBreach(rollout, arms.enrolled);
  if (breach !== null && rollout.percentage > 0) return answerBreach(rollout, breach, arms);
  const { count } = evidence.blockedInARow;
  if (count >= MAX_BLOCKED) {
    return hold(rollout, 'blocked_jobs', `The last ${count} jobs were blocked before any capture began.`);
  }
  if (rollout.state === 'completed') return none('completed', 'The rollout is complete.');
  const closed = gates.find((gate) => !gate.isOpen);
  if (closed) return decision('hold', closed.code, `${closed.label}: ${closed.text}.`);
  const next = nextPhase(rollout);
  return next === null
    ? decision('complete', 'gates_passed', 'Everybody is in and all gates are open.')
    : { ...decision('advance', 'gates_passed', 'All gates are open.'), percentage: next };
}

interface Breach {
  test: 'threshold' | 'sequential';
  leadsTo: 'rollback' | 'hold';
}

/** In `both`, the threshold alone is too nervous to roll back, and the sequential test is too slow to go on meanwhile. */
function findBreach({ guardMode }: Rollout, { threshold, sequential }: ArmVerdicts): Breach | null {
  if (guardMode !== 'threshold' && sequential.breached) return { test: 'sequential', leadsTo: 'rollback' };
  if (guardMode === 'threshold' && threshold.breached) return { test: 'threshold', leadsTo: 'rollback' };
  if (guardMode === 'both' && threshold.breached) return { test: 'threshold', leadsTo: 'hold' };
  return null;
}

function answerBreach(
  rollout: Rollout,
  { test, leadsTo }: Breach,
  { enrolled, control }: { enrolled: ArmVerdicts; control: ArmVerdicts },
): GuardDecision {
  const { jobs, errors } = enrolled[test];
  const found = `${errors} of ${jobs} jobs failed, the limit is ${rollout.maxErrorRate} % (${test})`;
  if (control[test].breached) {
    return hold(
      rollout,
      'common_cause',
      `${found}, and jobs outside the rollout fail too: the cause is not the rollout.`,
    );
  }
  if (leadsTo === 'hold') {
    return hold(rollout, 'threshold_breach', `${found}; the sequential test does not confirm it yet.`);
  }
  if (!rollout.autoRollback)
    return hold(rollout, 'auto_rollback_off', `${found}, and automatic rollback is off.`);
  return { ...decision('rollback', 'error_rate', `${found}.`), percentage: 0 };
}

/** A hold that stands already is left as it is, whoever set it. */
function hold(rollout: Rollout, code: string, text: string): GuardDecision {
  return { ...decision('hold', code, text), isLasting: rollout.state !== 'held' };
}

function none(code: string, text: string): GuardDecision {
  return decision('none', code, text);
}

function decision(kind: GuardDecision['kind'], code: string, text: string): GuardDecision {
  return { kind, code, text, isLasting: false, percentage: null };
}

const DEGRADED = [
  'control_arm_failing',
  'blocked_jobs',
  'success_rate_low',
  'timeouts_rise',
  'budget_exhausted',
];

function judgeHealth(
  { guardMode, minJobs }: Rollout,
  { enrolled, gates, decision }: Pick<Tick, 'enrolled' | 'gates' | 'decision'>,
): Health {
  const isClosed = (codes: readonly string[]) =>
    gates.some(({ code, isOpen }) => !isOpen && codes.includes(code));
  if (isClosed(['error_rate']) || decision.isLasting) return 'failing';
  const { threshold, sequential } = enrolled;
  const isSuspect = guardMode === 'threshold' ? sequential.breached : threshold.breached;
  if (isSuspect || isClosed(DEGRADED)) return 'degraded';
  return threshold.jobs > minJobs ? 'healthy' : 'unknown';
}
