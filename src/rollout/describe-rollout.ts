import type { Answer } from '../text/answer.ts';
import { countOf } from '../text/count-of.ts';
import { formatHours, formatTime } from '../text/format-time.ts';
import type { Tick } from './guard/decide-tick.ts';
import type { GuardEvidence } from './guard/evidence.ts';
import type { ArmVerdicts } from './guard/judge-arms.ts';
import type { Gate } from './guard/judge-gates.ts';
import { hoursSince } from './guard/judge-sample.ts';
import { interval95, type Sample } from './guard/statistics.ts';
import type { RolloutPicture } from './read-picture.ts';
import type { Rollout, RolloutActor } from './rollout-store.ts';

/** Without a look for so long, the guard is not running. */
const GUARD_SILENT_HOURS = 0.25;

/** The state in a few words and, when it is stopped or held, by which side. */
export function describeState(rollout: Rollout): string {
  const { database, environment } = rollout.stoppedBy;
  if (environment) return database ? 'stopped (database and environment)' : 'stopped (environment)';
  if (database) return 'stopped';
  if (rollout.state === 'held' && rollout.hold) {
    return rollout.hold.by === 'guard' ? `held by the guard (${rollout.hold.code})` : 'held by a person';
  }
  if (rollout.state === 'rolled_back') return 'rolled back';
  return rollout.isActive ? rollout.state : `${rollout.state}, inactive`;
}

/** The rows that every answer about the rollout shows. */
export function statusTable({ rollout, evidence, tick, guardSeenAt }: RolloutPicture): Answer['table'] {
  const { threshold } = tick.enrolled;
  const gate = (code: string) => tick.gates.find((one) => one.code === code)?.text ?? 'none';
  return [
    ['State', describeState(rollout)],
    ['Percentage', formatPercent(rollout.percentage)],
    ['Phase', describePhase(rollout)],
    ['Strategy', rollout.strategy],
    ['Repositories in', `${evidence.repositories.enrolled} of ${evidence.repositories.served.length}`],
    ['Lists', `${rollout.include.length} included, ${rollout.exclude.length} excluded`],
    ['Health', describeHealth(tick.health, guardSeenAt, evidence.at)],
    [
      `Jobs in ${rollout.monitoringWindowHours} h`,
      `${threshold.jobs} that count, ${countOf(threshold.errors, 'error')} among them`,
    ],
    ['Error rate', describeRate(threshold)],
    ['Verdict: threshold', describeThreshold(rollout, tick.enrolled)],
    ['Verdict: sequential', describeSequential(tick.enrolled)],
    ['Control arm', describeControl(tick.control)],
    ['Guard', describeGuard(rollout)],
    ['Soak', gate('soaking')],
    ['Cool-down', gate('cooling_down')],
    ['Freeze', gate('frozen')],
    ['Version', `v${rollout.version}, epoch ${rollout.epoch}`],
  ];
}

function describePhase(rollout: Rollout): string {
  const { phases, phase, percentage } = rollout;
  const place = percentage < (phases[0] ?? 0) ? `before phase 1` : `${phase + 1}`;
  return `${place} of ${phases.length} (${phases.join('-')} %), since ${formatTime(rollout.phaseStartedAt)}`;
}

function describeHealth(health: Tick['health'], guardSeenAt: Date | null, now: Date): string {
  const says = health === 'unknown' ? 'unknown: too little data' : health;
  if (guardSeenAt === null) return `${says}; the guard has not looked yet`;
  const silent = hoursSince(guardSeenAt, now);
  if (silent > GUARD_SILENT_HOURS) return `unknown: the guard has not looked for ${formatHours(silent)}`;
  return `${says}; the guard looked at ${formatTime(guardSeenAt)}`;
}

function describeRate(sample: Sample): string {
  if (sample.jobs === 0) return 'no data';
  const { low, high } = interval95(sample);
  return `${formatPercent((sample.errors / sample.jobs) * 100)}, 95 % interval ${formatPercent(low * 100)} to ${formatPercent(high * 100)}`;
}

function describeThreshold(
  { maxErrorRate, minJobs }: Pick<Rollout, 'maxErrorRate' | 'minJobs'>,
  { threshold }: ArmVerdicts,
): string {
  const rule = `limit ${formatPercent(maxErrorRate)}, from more than ${minJobs} jobs on`;
  if (threshold.breached) return `BREACHED (${rule})`;
  return `${threshold.jobs > minJobs ? 'within the limit' : 'too few jobs'} (${rule})`;
}

function describeSequential({ sequential }: ArmVerdicts): string {
  const { e, breachAt, jobs, errors, capped, breached } = sequential;
  const left = capped === 0 ? '' : `, ${countOf(capped, 'error')} of single repositories left out`;
  return `${breached ? 'BREACHED' : 'no breach'} (E = ${formatE(e)}, breach at ${formatE(breachAt)}; ${countOf(jobs, 'job')} and ${countOf(errors, 'error')} of the epoch${left})`;
}

function describeControl({ threshold }: ArmVerdicts): string {
  if (threshold.jobs === 0) return 'no data';
  return `${countOf(threshold.jobs, 'job')} outside the rollout, ${countOf(threshold.errors, 'error')}`;
}

function describeGuard(rollout: Rollout): string {
  const onOff = (isOn: boolean) => (isOn ? 'on' : 'off');
  return `obeys ${rollout.guardMode}; automatic rollback ${onOff(rollout.autoRollback)}, automatic advance ${onOff(rollout.autoAdvance)}`;
}

/** A gate as the value of a table's row. */
export function describeGate({ isOpen, text }: Gate): string {
  return `${isOpen ? 'open' : 'CLOSED'}: ${text}`;
}

/** What the guard goes by that no other row tells: the cure of what is blocked. */
export function describeCure({ blockedInARow }: GuardEvidence): string | null {
  return blockedInARow.count > 0 ? blockedInARow.cure : null;
}

/** Who did it, as replies say it. */
export function describeActor(actor: RolloutActor): string {
  // Not all of what a database or a system calls a name is one on GitHub.
  return actor.type === 'user' && /^[A-Za-z0-9][\w-]{0,100}$/.test(actor.login)
    ? `@${actor.login}`
    : actor.login;
}

/** A percentage, 0 to 100, with at most two decimals: `12.5 %`. */
export function formatPercent(percent: number): string {
  return `${Math.round(percent * 100) / 100} %`;
}

function formatE(e: number): string {
  if (e >= 1e6) return 'over 1,000,000';
  return e >= 100 ? String(Math.round(e)) : e.toPrecision(3);
}
