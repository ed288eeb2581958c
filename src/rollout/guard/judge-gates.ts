import { countOf } from '../../text/count-of.ts';
import { formatHours, formatTime } from '../../text/format-time.ts';
import { judgeFreeze } from '../freeze-windows.ts';
import { nextPhase, soakHoursBefore } from '../phases.ts';
import type { Rollout } from '../rollout-store.ts';
import { countEnded, type GuardEvidence } from './evidence.ts';
import type { ArmVerdicts } from './judge-arms.ts';
import { hoursSince, type SampleVerdict } from './judge-sample.ts';

/** One condition of going on to the next phase. */
export interface Gate {
  /** Stable; the reason code where this gate is the first that is closed. */
  code: string;
  label: string;
  isOpen: boolean;
  /** What it goes by, or what is missing. */
  text: string;
  /** Who may go on all the same with `--force --reason`; null: nobody. */
  override: 'maintain' | 'admin' | null;
}

export interface GateContext {
  now: Date;
  /** The guard itself, not a person, wants to go on. */
  isAutomatic: boolean;
  /** Actions minutes that a month may cost; null: as many as it takes. */
  maxActionsMinutes: number | null;
}

/** Time-outs and losses of so many more percent of the jobs than before are a rise. */
const RISE_PERCENT = 1;
const RISE_MIN = 2;

/** All gates, in the order in which a closed one is told; a person who advances goes by the same ones as the guard. */
export function judgeGates(
  rollout: Rollout,
  evidence: GuardEvidence,
  { enrolled, control, sample }: { enrolled: ArmVerdicts; control: ArmVerdicts; sample: SampleVerdict },
  context: GateContext,
): Gate[] {
  const { isAutomatic } = context;
  const isEmpty = sample.status === 'empty';
  return [
    ...(rollout.strategy === 'whitelist' ? [NO_PHASES] : []),
    ...(isAutomatic && !rollout.autoAdvance ? [AUTO_ADVANCE_OFF] : []),
    ...(isAutomatic && rollout.percentage === 0 ? [ZERO_PERCENT] : []),
    holdGate(rollout),
    verdictGate(rollout, enrolled),
    controlGate(rollout, control),
    blockedGate(evidence),
    sampleGate(rollout, sample),
    ...(isEmpty
      ? []
      : [
          freshGate(rollout, evidence),
          maturedGate(rollout, evidence),
          successGate(rollout, evidence),
          timeOutGate(evidence),
        ]),
    costGate(evidence, context),
    soakGate(rollout, context),
    cooldownGate(rollout, context),
    freezeGate(rollout, context),
  ];
}

const NO_PHASES: Gate = {
  code: 'no_phases',
  label: 'Strategy',
  isOpen: false,
  text: 'the strategy `whitelist` has no phases: only the include list is in',
  override: null,
};
const AUTO_ADVANCE_OFF: Gate = {
  code: 'auto_advance_off',
  label: 'Automatic advance',
  isOpen: false,
  text: 'off, a person advances',
  override: null,
};
const ZERO_PERCENT: Gate = {
  code: 'zero_percent',
  label: 'Percentage',
  isOpen: false,
  text: 'at 0 %, only a person begins again',
  override: null,
};

function holdGate({ state, hold }: Rollout): Gate {
  return {
    code: 'held',
    label: 'Hold',
    isOpen: state !== 'held',
    text:
      state === 'held' ? `held by ${hold?.by === 'guard' ? `the guard (${hold.code})` : 'a person'}` : 'none',
    override: null,
  };
}

function verdictGate({ guardMode, maxErrorRate }: Rollout, { threshold, sequential }: ArmVerdicts): Gate {
  const isBreached =
    (guardMode !== 'sequential' && threshold.breached) || (guardMode !== 'threshold' && sequential.breached);
  return {
    code: 'error_rate',
    label: 'Guard',
    isOpen: !isBreached,
    text: isBreached ? `the error rate is above ${maxErrorRate} %` : `no breach (${guardMode})`,
    override: null,
  };
}

function controlGate({ guardMode }: Rollout, { threshold, sequential }: ArmVerdicts): Gate {
  const isBreached = guardMode === 'threshold' ? threshold.breached : sequential.breached;
  return {
    code: 'control_arm_failing',
    label: 'Control arm',
    isOpen: !isBreached,
    text: isBreached ? 'jobs outside the rollout fail too' : 'no breach',
    override: 'admin',
  };
}

function blockedGate({ blockedInARow: { count, cure } }: GuardEvidence): Gate {
  return {
    code: 'blocked_jobs',
    label: 'Blocked jobs',
    isOpen: count === 0,
    text:
      count === 0
        ? 'none'
        : `the last ${count === 1 ? 'job was' : `${count} jobs were`} blocked${cure ? '; see the cure' : ''}`,
    override: 'admin',
  };
}

function sampleGate({ maxErrorRate, percentage }: Rollout, sample: SampleVerdict): Gate {
  const gate = { label: 'Sample', isOpen: false, override: 'maintain' as const };
  const found = `${countOf(sample.jobs, 'job')} with ${countOf(sample.errors, 'error')}`;
  const bound = `${found} show an error rate of at most ${round(sample.upperBoundPercent)} % (95 % confidence)`;
  switch (sample.status) {
    case 'enough':
      return { ...gate, code: 'sample', isOpen: true, text: bound };
    case 'empty':
      return {
        ...gate,
        code: 'phase_empty',
        isOpen: true,
        text: `nobody is enrolled at ${percentage} %, so no sample is needed (phase_empty)`,
      };
    case 'no_repositories':
      return { ...gate, code: 'no_data', text: 'the App serves no repository yet' };
    case 'inconclusive': {
      if (sample.missing === null) {
        return {
          ...gate,
          code: 'inconclusive',
          text: `no number of jobs shows an error rate of ${maxErrorRate} %`,
        };
      }
      const needed = `${sample.missing} more without an error are needed for ${maxErrorRate} %`;
      const when = sample.expectedAt
        ? `, at the present rate until about ${formatTime(sample.expectedAt)}`
        : '';
      return {
        ...gate,
        code: 'inconclusive',
        text: sample.jobs === 0 ? `no job has ended yet; ${needed}` : `${bound}; ${needed}${when}`,
      };
    }
    case 'starved': {
      const nearest =
        sample.reachableAt === null
          ? 'no percentage would reach it at the present rate'
          : `${sample.reachableAt} % would`;
      return {
        ...gate,
        code: 'phase_starved',
        text: `${found}; ${sample.missing} more without an error are needed, which this phase does not reach within 30 days (phase_starved); ${nearest}`,
      };
    }
  }
}

function freshGate({ monitoringWindowHours }: Rollout, { at, phase }: GuardEvidence): Gate {
  const age = phase.lastEndedAt === null ? null : hoursSince(phase.lastEndedAt, at);
  return {
    code: 'stale_data',
    label: 'Fresh data',
    isOpen: age !== null && age <= monitoringWindowHours,
    text: age === null ? 'no job has ended in this phase' : `the last job ended ${formatHours(age)} ago`,
    override: 'maintain',
  };
}

function maturedGate({ minMaturedShare }: Rollout, { phase }: GuardEvidence): Gate {
  const ended = countEnded(phase.counts);
  const started = ended + phase.underWay;
  return {
    code: 'not_matured',
    label: 'Matured',
    isOpen: started > 0 && ended * 100 >= minMaturedShare * started,
    text: `${ended} of ${started} started jobs have ended, ${minMaturedShare} % are needed`,
    override: 'maintain',
  };
}

function successGate({ minSuccessRate }: Rollout, { phase }: GuardEvidence): Gate {
  const ended = countEnded(phase.counts);
  return {
    code: ended === 0 ? 'no_data' : 'success_rate_low',
    label: 'Success rate',
    isOpen: ended > 0 && phase.counts.success * 100 > minSuccessRate * ended,
    text:
      ended === 0
        ? 'no job has ended in this phase'
        : `${round((phase.counts.success / ended) * 100)} %, more than ${minSuccessRate} % are needed`,
    override: 'admin',
  };
}

/** From outside, a run that is out of memory is one that is lost or timed out. */
function timeOutGate({ phase, before }: GuardEvidence): Gate {
  const percent = (counts: GuardEvidence['before']) => {
    const ended = countEnded(counts);
    return ended === 0 ? 0 : ((counts.timed_out + counts.lost) / ended) * 100;
  };
  const [now, earlier] = [percent(phase.counts), percent(before)];
  const count = phase.counts.timed_out + phase.counts.lost;
  return {
    code: 'timeouts_rise',
    label: 'Time-outs, lost runs',
    isOpen: count < RISE_MIN || now - earlier <= RISE_PERCENT,
    text: `${count} (${round(now)} %; before ${round(earlier)} %)`,
    override: 'admin',
  };
}

function costGate({ actionsMinutes }: GuardEvidence, { maxActionsMinutes }: GateContext): Gate {
  return {
    code: 'budget_exhausted',
    label: 'Cost',
    isOpen: maxActionsMinutes === null || actionsMinutes < maxActionsMinutes,
    text: `${actionsMinutes} Actions minutes this month${maxActionsMinutes === null ? '' : ` of ${maxActionsMinutes}`}`,
    override: 'admin',
  };
}

function soakGate(rollout: Rollout, { now }: GateContext): Gate {
  const needed = soakHoursBefore(nextPhase(rollout), rollout);
  const left = needed - hoursSince(rollout.phaseStartedAt, now);
  return {
    code: 'soaking',
    label: 'Soak',
    isOpen: left <= 0,
    text: left <= 0 ? `${needed} h are over` : `${formatHours(left)} of ${needed} h left`,
    override: 'admin',
  };
}

function cooldownGate({ cooldownUntil }: Rollout, { now }: GateContext): Gate {
  const isCooling = cooldownUntil !== null && cooldownUntil > now;
  return {
    code: 'cooling_down',
    label: 'Cool-down',
    isOpen: !isCooling,
    text: isCooling ? `until ${formatTime(cooldownUntil)}` : 'none',
    override: 'admin',
  };
}

function freezeGate({ freezeWindows }: Rollout, context: GateContext): Gate {
  const verdict = judgeFreeze(freezeWindows, context);
  return {
    code: 'frozen',
    label: 'Freeze',
    isOpen: !verdict.frozen,
    text: verdict.frozen ? verdict.text : 'none',
    override: 'admin',
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
