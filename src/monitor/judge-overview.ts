import { formatPercent } from '../rollout/describe-rollout.ts';
import type { RolloutPicture } from '../rollout/read-picture.ts';
import { countOf } from '../text/count-of.ts';
import { formatDuration } from '../text/format-progress.ts';
import type { Incidents } from './read-incidents.ts';
import type { Overview } from './read-overview.ts';

export type Severity = 'critical' | 'warning' | 'note';

/** One thing that a person should look at. The texts are ours; `quoted` may be anybody's. */
export interface Finding {
  severity: Severity;
  /** Stable. */
  code: string;
  text: string;
  quoted?: string | null;
  /** What to do, and the section of the page that says more. */
  cure: string;
  section: 'rollout' | 'jobs' | 'wrong' | 'budget' | 'cost' | 'latency' | 'deliveries';
}

export interface Health {
  /**
   * - `unproven`: nothing is wrong, but too little has happened to say more of the rollout;
   * - `quiet`: nothing at all has happened that one could judge.
   */
  level: 'healthy' | 'unproven' | 'quiet' | 'attention' | 'failing' | 'stopped';
  findings: Finding[];
}

export const HEALTH_WORDS: Readonly<Record<Health['level'], string>> = {
  healthy: 'Healthy',
  unproven: 'Healthy so far',
  quiet: 'Quiet: nothing to judge yet',
  attention: 'Needs attention',
  failing: 'Failing',
  stopped: 'Stopped',
};

/** What is due and waits longer than this has nobody who takes it. */
const OVERDUE_MS = 5 * 60_000;
const GUARD_SILENT_MS = 15 * 60_000;
/** Of 5,000 points or requests an hour and more. */
const LOW_BUDGET = 250;
const MIN_JUDGED = 10;
const BAD_SHARE = 0.2;

/** What only those are shown who may see the rollout. */
export interface OperatorView {
  picture: RolloutPicture;
  incidents: Incidents;
}

/** Is it healthy, and if not, where? Without the operator's view, neither the rollout nor the app itself is judged. */
export function judgeOverview(overview: Overview, operator: OperatorView | null): Health {
  const findings = [
    ...(operator ? [...judgeRollout(operator.picture), ...judgeIncidents(operator.incidents)] : []),
    ...judgeWork(overview),
  ];
  const order = { critical: 0, warning: 1, note: 2 };
  findings.sort((a, b) => order[a.severity] - order[b.severity]);
  const { queued, dispatched, running } = overview.counts;
  const isQuiet =
    queued + dispatched + running === 0 && overview.hours.every((hour) => sumEnded(hour).all === 0);
  const worst = findings[0]?.severity;
  const level = operator?.picture.rollout.emergencyStop
    ? 'stopped'
    : worst === 'critical'
      ? 'failing'
      : worst === 'warning'
        ? 'attention'
        : isQuiet
          ? 'quiet'
          : findings.some(({ code }) => code === 'unproven')
            ? 'unproven'
            : 'healthy';
  return { level, findings };
}

export function sumEnded({ ended }: Overview['hours'][number]) {
  const { inngest, github_actions: actions } = ended;
  const successes = inngest.successes + actions.successes;
  const errors = inngest.errors + actions.errors;
  return {
    successes,
    errors,
    judged: successes + errors,
    all: successes + errors + inngest.others + actions.others,
  };
}

function judgeRollout({ rollout, evidence, tick, guardSeenAt }: RolloutPicture): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, code: string, text: string, cure: string, quoted?: string | null) =>
    findings.push({ severity, code, text, cure, section: 'rollout', ...(quoted ? { quoted } : {}) });
  if (rollout.stoppedBy.environment) {
    add(
      'critical',
      'stopped_by_environment',
      'The environment has stopped the rollout: all work goes to Inngest.',
      'Unset HYBRID_EMERGENCY_STOP and start the app again.',
    );
  }
  if (rollout.stoppedBy.database) {
    add(
      'critical',
      'stopped',
      'The rollout is stopped: all work goes to Inngest; nothing is lost.',
      'When the cause is gone: Resume.',
    );
  }
  if (rollout.state === 'rolled_back') {
    add(
      'critical',
      'rolled_back',
      'The rollout was rolled back to 0 %.',
      'Find the failing jobs below, then: Resume.',
    );
  }
  if (rollout.state === 'held' && rollout.hold) {
    const by = rollout.hold.by === 'guard' ? `the guard (${rollout.hold.code})` : 'a person';
    add(
      'warning',
      'held',
      `The rollout is held by ${by}.`,
      'When it is settled: Resume.',
      rollout.hold.reason,
    );
  }
  const { threshold, sequential } = tick.enrolled;
  if (threshold.breached || sequential.breached) {
    const which = threshold.breached ? 'above its limit' : 'above its limit by the sequential test';
    add(
      'critical',
      'error_rate',
      `The error rate of the rollout is ${which}: ${countOf(threshold.errors, 'error')} in ${countOf(threshold.jobs, 'job')} (limit ${formatPercent(rollout.maxErrorRate)}).`,
      'See the jobs that went wrong.',
    );
  }
  if (evidence.blockedInARow.count > 0) {
    add(
      'warning',
      'blocked',
      `${countOf(evidence.blockedInARow.count, 'job')} in a row could not begin.`,
      'Do what the message says; blocked jobs are kept.',
      evidence.blockedInARow.cure,
    );
  }
  if (tick.health === 'unknown' && tick.decision.kind !== 'none') {
    add(
      'note',
      'unproven',
      `The rollout can not be judged yet: ${countOf(threshold.jobs, 'job')} of it ended in ${rollout.monitoringWindowHours} h, and a verdict takes more than ${rollout.minJobs}.`,
      'More bulk jobs bring it; the rollout does not advance by itself before.',
    );
  }
  // A guard that has never looked has had this epoch's time to do so.
  const silentMs = evidence.at.getTime() - (guardSeenAt ?? rollout.epochStartedAt).getTime();
  if (silentMs > GUARD_SILENT_MS) {
    add(
      'critical',
      'guard_silent',
      `The guard has not looked for ${formatDuration(silentMs / 1_000)}: nothing rolls back by itself.`,
      'See the log for the loop "guard", or start the app again.',
    );
  }
  return findings;
}

const SECTION_OF_ALARM: Readonly<Record<string, Finding['section']>> = {
  no_webhooks: 'deliveries',
  budget_nearly_exhausted: 'cost',
  budget_exhausted: 'cost',
};

function judgeIncidents({ alarms, failedDeliveries }: Incidents): Finding[] {
  const findings = alarms.map(
    ({ level, code, message }): Finding => ({
      severity: level === 'alarm' ? 'critical' : 'warning',
      code,
      text: message,
      cure: '',
      section: SECTION_OF_ALARM[code] ?? 'jobs',
    }),
  );
  if (failedDeliveries > 0) {
    findings.push({
      severity: 'warning',
      code: 'deliveries_failed',
      text: `GitHub could not deliver ${countOf(failedDeliveries, 'event')} so far.`,
      cure: 'They are asked for again by themselves, for 3 days.',
      section: 'deliveries',
    });
  }
  return findings;
}

function judgeWork({ at, counts, hours, wrongCount, silent, budgets }: Overview): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, code: string, section: Finding['section'], text: string, cure: string) =>
    findings.push({ severity, code, section, text, cure });
  const overdueMs = counts.oldestDueAt ? at.getTime() - counts.oldestDueAt.getTime() : 0;
  if (overdueMs > OVERDUE_MS) {
    add(
      'critical',
      'overdue',
      'jobs',
      `Work that is due has waited for ${formatDuration(overdueMs / 1_000)}: nobody takes it.`,
      'Run "npx hybrid-capture doctor", and look at the log for the stage "dispatch".',
    );
  }
  const judged = hours.reduce((sum, hour) => sum + sumEnded(hour).judged, 0);
  const errors = hours.reduce((sum, hour) => sum + sumEnded(hour).errors, 0);
  if (wrongCount > 0) {
    const isBad = judged >= MIN_JUDGED && errors / judged > BAD_SHARE;
    add(
      isBad ? 'critical' : 'warning',
      'jobs_wrong',
      'wrong',
      `${countOf(wrongCount, 'job')} went wrong in 24 h.`,
      'The reasons are listed with each job.',
    );
  }
  if (silent > 0) {
    add(
      'warning',
      'silent',
      'jobs',
      `${countOf(silent, 'running job')} gave no sign of life for more than 2 min.`,
      'They are taken back when their lease is over; see their run.',
    );
  }
  if (counts.deferred > 0) {
    add(
      'note',
      'bulk_deferred',
      'jobs',
      `${countOf(counts.deferred, 'bulk job')} outside the rollout waits for tomorrow's executions.`,
      'Include a repository to start its history in GitHub Actions now.',
    );
  }
  for (const { account, pointsLeft, restLeft, pointsResetAt, restResetAt, installationId } of budgets) {
    const isLow = (left: number | null, resetAt: Date | null) =>
      left !== null && left < LOW_BUDGET && resetAt !== null && resetAt > at;
    if (isLow(pointsLeft, pointsResetAt) || isLow(restLeft, restResetAt)) {
      findings.push({
        severity: 'warning',
        code: 'budget_low',
        section: 'budget',
        text: "GitHub's hourly budget of an installation is nearly used up.",
        quoted: account ?? String(installationId),
        cure: 'Captures go on by themselves when it is reset.',
      });
    }
  }
  return findings;
}
