import { readPercentage } from './read-percentage.ts';

/** A flag's value as it is used; flags without one are true. */
export interface CommandFlags {
  reason?: string;
  ifVersion?: number;
  at?: number;
  windowHours?: number;
  durationMinutes?: number;
  cron?: string;
  start?: string;
  timezone?: string;
  kind?: string;
  scope?: string;
  force?: true;
  dryRun?: true;
  cancelRuns?: true;
  critical?: true;
}

interface Flag {
  key: keyof CommandFlags;
  /** How the value is read; undefined: it is not one. Absent: the flag has no value. */
  read?: (text: string) => string | number | undefined;
  /** What the value must be, for people. */
  expected?: string;
}

const text = (value: string) => value;

const FLAGS = {
  reason: { key: 'reason', read: text, expected: 'words in quotation marks' },
  'if-version': {
    key: 'ifVersion',
    read: (value) => (/^v?\d{1,9}$/.test(value) ? Number(value.replace('v', '')) : undefined),
    expected: 'the version that `status` shows',
  },
  at: { key: 'at', read: readPercentage, expected: 'a percentage' },
  window: {
    key: 'windowHours',
    read: (value) => durationMinutes(value, 31 * 24 * 60, 60),
    expected: 'hours or days such as `24h` or `7d`, at most 31 days',
  },
  duration: {
    key: 'durationMinutes',
    read: (value) => durationMinutes(value, 92 * 24 * 60, 1),
    expected: 'minutes, hours or days such as `30m`, `62h` or `14d`, at most 92 days',
  },
  cron: { key: 'cron', read: text, expected: 'five fields in quotation marks, such as "0 18 * * 5"' },
  start: { key: 'start', read: text, expected: 'a time such as 2026-12-20T00:00:00Z' },
  timezone: { key: 'timezone', read: text, expected: 'a name such as Europe/Berlin' },
  kind: { key: 'kind', read: text, expected: '`deny` or `allow`' },
  scope: { key: 'scope', read: text, expected: '`all` or `automatic`' },
  force: { key: 'force' },
  'dry-run': { key: 'dryRun' },
  'cancel-runs': { key: 'cancelRuns' },
  critical: { key: 'critical' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

/**
 * Separates the flags that a verb knows from the words of its command: `--reason "…"`, `--reason="…"`, `--force`.
 * An unknown flag (unless `isLenient`, which makes it a word), one without its value, or a wrong value is a problem in
 * one sentence of ours.
 */
export function readFlags(
  args: readonly string[],
  known: readonly FlagName[],
  { isLenient = false }: { isLenient?: boolean } = {},
): { words: string[]; flags: CommandFlags } | { problem: string } {
  const words: string[] = [];
  const flags: Record<string, string | number | true> = {};
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const match = /^--(?<name>[a-z-]+)(?:=(?<value>.*))?$/s.exec(arg);
    const name = known.find((candidate) => candidate === match?.groups?.name);
    if (match === null || (name === undefined && isLenient)) {
      words.push(arg);
      continue;
    }
    if (name === undefined) return { problem: unknownFlag(known) };
    const flag: Flag = FLAGS[name];
    if (!flag.read) {
      if (match.groups?.value !== undefined) return { problem: `\`--${name}\` takes no value.` };
      flags[flag.key] = true;
      continue;
    }
    const given = match.groups?.value ?? args[++i];
    const value =
      given === undefined || given === '' || given.startsWith('--') ? undefined : flag.read(given);
    if (value === undefined) return { problem: `\`--${name}\` takes ${flag.expected}.` };
    flags[flag.key] = value;
  }
  return { words, flags: flags as CommandFlags };
}

function unknownFlag(known: readonly FlagName[]): string {
  if (known.length === 0) return 'This verb has no flags.';
  return `There is no such flag here; the flags are ${known.map((name) => `\`--${name}\``).join(', ')}.`;
}

/** `30m`, `24h`, `7d` as minutes, or as hours where `unitMinutes` is 60. */
function durationMinutes(value: string, maxMinutes: number, unitMinutes: number): number | undefined {
  const match = /^(\d{1,5})(m|h|d)$/.exec(value);
  if (!match) return undefined;
  const minutes = Number(match[1]) * { m: 1, h: 60, d: 1_440 }[match[2] as 'm' | 'h' | 'd'];
  const isWhole = minutes % unitMinutes === 0;
  return minutes > 0 && minutes <= maxMinutes && isWhole ? minutes / unitMinutes : undefined;
}
