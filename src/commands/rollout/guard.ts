import { GUARD_MODES, type Rollout, type RolloutPatch, readRollout } from '../../rollout/rollout-store.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import type { RolloutContext, RolloutVerb } from '../command.ts';
import { readPercentage } from '../read-percentage.ts';
import { applyChange } from './apply-change.ts';

interface Setting {
  key: string;
  meaning: string;
  /** What is legal, for people. */
  expected: string;
  show: (rollout: Rollout) => string;
  /** Undefined: the text is no legal value. */
  read: (text: string) => RolloutPatch | undefined;
}

/** Every setting of the guard and the gates. */
export const GUARD_SETTINGS: readonly Setting[] = [
  {
    key: 'mode',
    meaning: 'which verdict rolls back',
    expected: GUARD_MODES.join(', '),
    show: ({ guardMode }) => guardMode,
    read: (text) => {
      const guardMode = GUARD_MODES.find((mode) => mode === text);
      return guardMode && { guardMode };
    },
  },
  onOff('auto_rollback', 'roll back by itself', 'autoRollback'),
  onOff('auto_advance', 'advance by itself', 'autoAdvance'),
  percent('max_error_rate', 'limit of the error rate', 'maxErrorRate'),
  whole('window_hours', 'window of the threshold', 'monitoringWindowHours', 1, 744),
  whole('min_jobs', 'a verdict needs more jobs than this', 'minJobs', 0, 100_000),
  {
    key: 'alpha',
    meaning: 'chance of a false alarm of the sequential test',
    expected: 'a number between 0 and 1, such as 0.05',
    show: ({ sequentialAlpha }) => String(sequentialAlpha),
    read: (text) => {
      const value = /^0\.\d{1,5}$/.test(text) ? Number(text) : 0;
      return value > 0 ? { sequentialAlpha: value } : undefined;
    },
  },
  {
    key: 'phases',
    meaning: 'percentages of the phases',
    expected: 'rising percentages that end with 100, such as 10,25,50,75,100',
    show: ({ phases }) => phases.join(','),
    read: (text) => {
      const phases = text.split(',').map((part) => readPercentage(part) ?? 0);
      const isRising = phases.every((phase, index) => phase > (phases[index - 1] ?? 0));
      return isRising && phases.at(-1) === 100 && phases.length <= 20 ? { phases } : undefined;
    },
  },
  whole('soak_hours', 'hours that each phase stands at least', 'soakHours', 0, 8_760),
  whole(
    'soak_hours_before_half',
    'hours before the first phase of 50 % or more',
    'soakHoursBeforeHalf',
    0,
    8_760,
  ),
  percent('min_success_rate', 'successes among all ended jobs, more than', 'minSuccessRate'),
  percent('min_matured', 'ended among all started jobs, at least', 'minMaturedShare'),
  whole('cooldown_hours', 'cool-down after a rollback, doubled by each repeat', 'cooldownHours', 0, 8_760),
];

export const guardVerb: RolloutVerb = {
  verb: 'guard',
  usage: 'guard [<key>=<value> …]',
  summary: 'Shows or sets what the guard and the gates go by.',
  needs: 'admin',
  isWrite: true,
  flags: ['reason', 'if-version', 'dry-run'],
  examples: ['guard', 'guard mode=both', 'guard max_error_rate=3 min_jobs=20 --reason "stricter now"'],
  run: async (context) => {
    if (context.words.length === 0) return showSettings(context);
    const patch: RolloutPatch = {};
    for (const word of context.words) {
      const [key, value = ''] = splitPair(word);
      const setting = GUARD_SETTINGS.find((one) => one.key === key);
      const read = setting?.read(value);
      if (!setting) return { ...refuse('not_understood', 'There is no such setting.', keys()), quoted: word };
      if (!read) {
        return { ...refuse('not_understood', `\`${setting.key}\` is ${setting.expected}.`), quoted: word };
      }
      Object.assign(patch, read);
    }
    return applyChange(context, {
      action: 'guard',
      reason: context.flags.reason ?? null,
      decide: () => ({ patch, reasonCode: 'guard_changed' }),
      describe: ({ before, after }) => {
        const changed = GUARD_SETTINGS.filter(({ show }) => show(before) !== show(after));
        return {
          headline: `${after.featureName}: ${changed.map(({ key }) => `\`${key}\``).join(', ')} changed`,
          rows: changed.map(({ key, show }) => [`\`${key}\``, `${show(before)} → ${show(after)}`] as const),
          body: [
            `Undo: \`/rollout guard ${changed.map(({ key, show }) => `${key}=${show(before)}`).join(' ')}\``,
          ],
        };
      },
      unchanged: { reasonCode: 'already_set', headline: 'The guard was set so before; nothing was changed.' },
    });
  },
};

async function showSettings({ db, environmentStop }: RolloutContext): Promise<Answer> {
  const rollout = await readRollout(db, { environmentStop });
  return {
    ok: true,
    reasonCode: 'guard',
    headline: `What the guard and the gates go by, v${rollout.version}`,
    table: GUARD_SETTINGS.map(
      ({ key, meaning, show }) => [`\`${key}\``, `${show(rollout)} (${meaning})`] as const,
    ),
    body: ['To change one: `/rollout guard <key>=<value>`'],
  };
}

function splitPair(word: string): string[] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function keys(): string {
  return `The settings are ${GUARD_SETTINGS.map(({ key }) => `\`${key}\``).join(', ')}.`;
}

function onOff(key: string, meaning: string, field: 'autoRollback' | 'autoAdvance'): Setting {
  return {
    key,
    meaning,
    expected: '`on` or `off`',
    show: (rollout) => (rollout[field] ? 'on' : 'off'),
    read: (text) => (text === 'on' || text === 'off' ? { [field]: text === 'on' } : undefined),
  };
}

function percent(
  key: string,
  meaning: string,
  field: 'maxErrorRate' | 'minSuccessRate' | 'minMaturedShare',
): Setting {
  return {
    key,
    meaning,
    expected: 'a percentage, 0 to 100 with at most two decimals',
    show: (rollout) => `${rollout[field]}`,
    read: (text) => {
      const value = readPercentage(text);
      return value === undefined ? undefined : { [field]: value };
    },
  };
}

type WholeField = 'monitoringWindowHours' | 'minJobs' | 'soakHours' | 'soakHoursBeforeHalf' | 'cooldownHours';

function whole(key: string, meaning: string, field: WholeField, min: number, max: number): Setting {
  return {
    key,
    meaning,
    expected: `a whole number from ${min} to ${max}`,
    show: (rollout) => String(rollout[field]),
    read: (text) => {
      const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
      return value >= min && value <= max ? { [field]: value } : undefined;
    },
  };
}
