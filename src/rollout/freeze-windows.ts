import { Cron } from 'croner';
import { z } from 'zod';
import { formatTime } from '../text/format-time.ts';

/** Longest window, so that a typing error can't freeze a rollout for years. */
const MAX_DURATION_MS = 92 * 86_400_000;

/**
 * A window of time in which exposure may not be increased (`deny`), or the only times when it may (`allow`).
 * It begins at each `cron` time of its time zone, or once at `start`, and lasts `durationMinutes`.
 * Scope `all` binds people and the guard, `automatic` the guard alone.
 */
export const FreezeWindow = z
  .object({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
    kind: z.enum(['deny', 'allow']),
    scope: z.enum(['all', 'automatic']),
    timezone: z.string().refine(isTimezone),
    cron: z.string().refine(isCron).nullable(),
    start: z.iso.datetime({ offset: true }).nullable(),
    durationMinutes: z
      .number()
      .int()
      .min(1)
      .max(MAX_DURATION_MS / 60_000),
    reason: z.string().max(280).nullable(),
  })
  .refine(({ cron, start }) => (cron === null) !== (start === null));
export type FreezeWindow = z.infer<typeof FreezeWindow>;

/** Open for ever: what was written by hand and can't be read keeps things as they are, and stops nothing else. */
const UNREADABLE: FreezeWindow = {
  name: 'unreadable',
  kind: 'deny',
  scope: 'all',
  timezone: 'UTC',
  cron: null,
  start: '2000-01-01T00:00:00Z',
  durationMinutes: 1_000_000_000,
  reason: 'rollout_configuration.freeze_windows holds what is no window',
};

/** The windows as they are stored. */
export function readFreezeWindows(stored: unknown): FreezeWindow[] {
  if (!Array.isArray(stored)) return [UNREADABLE];
  return stored.map((element) => {
    const window = FreezeWindow.safeParse(element);
    return window.success ? window.data : UNREADABLE;
  });
}

export type FreezeVerdict =
  | { frozen: false }
  | {
      frozen: true;
      /** One sentence without the person's text. */
      text: string;
      window: FreezeWindow | null;
      /** When it may be increased again, as far as this window says; null: at no known time. */
      until: Date | null;
    };

/**
 * Whether exposure may be increased at a time. `deny` wins; where there are `allow` windows, one of them must be open.
 * Lowering, stops and rollbacks never ask.
 */
export function judgeFreeze(
  windows: readonly FreezeWindow[],
  { now, isAutomatic }: { now: Date; isAutomatic: boolean },
): FreezeVerdict {
  const binding = windows.filter(({ scope }) => isAutomatic || scope === 'all');
  for (const window of binding.filter(({ kind }) => kind === 'deny')) {
    const until = openUntil(window, now);
    if (until !== null) {
      return {
        frozen: true,
        window,
        until,
        text: `the freeze window \`${window.name}\` is open until ${formatTime(until)}`,
      };
    }
  }
  const allowing = binding.filter(({ kind }) => kind === 'allow');
  if (allowing.length === 0 || allowing.some((window) => openUntil(window, now) !== null)) {
    return { frozen: false };
  }
  const starts = allowing.map((window) => nextStart(window, now)).filter((start) => start !== null);
  const until = starts.length === 0 ? null : new Date(Math.min(...starts.map((start) => start.getTime())));
  return {
    frozen: true,
    window: null,
    until,
    text:
      until === null
        ? 'no window allows increases any more'
        : `increases are allowed from ${formatTime(until)} only`,
  };
}

/** The end of the window if it is open at `now`; a start exactly at `now` is open, an end is not. */
export function openUntil(window: FreezeWindow, now: Date): Date | null {
  const durationMs = window.durationMinutes * 60_000;
  const since = new Date(now.getTime() - durationMs);
  const start = window.cron === null ? fixedStart(window) : lastCronStart(window, since, now);
  if (start === null || start > now) return null;
  const end = new Date(start.getTime() + durationMs);
  return end > now ? end : null;
}

function nextStart(window: FreezeWindow, now: Date): Date | null {
  const start = window.cron === null ? fixedStart(window) : cronOf(window).nextRun(now);
  return start !== null && start > now ? start : null;
}

function fixedStart({ start }: FreezeWindow): Date | null {
  return start === null ? null : new Date(start);
}

/** The last start after `since` and not after `now`: windows of one rule may overlap, the latest ends last. */
function lastCronStart(window: FreezeWindow, since: Date, now: Date): Date | null {
  // Cron times are whole seconds; the one second more is for a start at just this time.
  const starts = cronOf(window).previousRuns(2, new Date(now.getTime() + 1_000));
  return starts.find((start) => start > since && start <= now) ?? null;
}

function cronOf({ cron, timezone }: FreezeWindow): Cron {
  return new Cron(cron ?? '', { timezone, mode: '5-part' });
}

function isCron(pattern: string): boolean {
  try {
    return new Cron(pattern, { mode: '5-part', paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
