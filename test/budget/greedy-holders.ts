import type { ShareRequest } from '../../src/budget/grant-share.ts';
import { type HolderKind, INSTALLATION_MS_PER_MINUTE, type ResponseTimes } from '../../src/budget/limits.ts';
import type { ReleasedShare } from '../../src/budget/release-share.ts';
import { BUDGET_SHARE_HOLDS_MS, type BudgetShare } from '../../src/jobs-api/protocol.ts';

/** The ledger of one installation: in memory, or in a database. */
export interface LedgerUnderTest {
  grant(request: Omit<ShareRequest, 'installationId'>): Promise<BudgetShare>;
  release(released: Omit<ReleasedShare, 'installationId'>): Promise<void>;
}

const LANES = ['graphqlMs', 'restMs'] as const;
const MINUTE_MS = 60_000;
const EVERYTHING = { graphqlMs: Number.POSITIVE_INFINITY, restMs: Number.POSITIVE_INFINITY };

interface Use extends ResponseTimes {
  at: number;
  kind: HolderKind;
}

export interface Holder {
  name: string;
  kind: HolderKind;
  startedAt: number;
  /** What it knows of, and since when; null until an answer has come. */
  share: { allowed: ResponseTimes; since: number } | null;
  uses: Use[];
  isGone: boolean;
  /** Uses nothing of a share until it is almost over. */
  isLate: boolean;
  /** All that it will ever use. */
  need: ResponseTimes;
}

export interface Installation {
  readonly now: number;
  readonly holders: readonly Holder[];
  /** Everything that was used, in the order of time. */
  readonly uses: readonly Use[];
  start(
    kind: HolderKind,
    options?: { isLate?: boolean; lateMs?: number; need?: ResponseTimes },
  ): Promise<Holder>;
  /** Asks for a share; the answer comes `lateMs` later, or never. */
  renew(
    holder: Holder,
    answer?: { lateMs?: number; isLost?: boolean; tells?: boolean },
  ): Promise<BudgetShare>;
  /** Ends it, and says so; it may tell what it has used. */
  release(holder: Holder, tells?: boolean): Promise<void>;
  /** Ends it without a word. */
  kill(holder: Holder): void;
  /** Everybody uses what their shares allow at every second of the time that passes. */
  pass(ms: number): void;
}

/** Holders that use their shares to the last millisecond, as soon as or as late as they may: the worst that a ledger has to bear. */
export function createInstallation(
  ledger: LedgerUnderTest,
  { startAt = Date.UTC(2026, 5, 1), reservePercent = 10 } = {},
): Installation {
  let now = startAt;
  const holders: Holder[] = [];
  const uses: Use[] = [];
  const answers: { holder: Holder; share: BudgetShare; at: number }[] = [];

  function spend(holder: Holder): void {
    if (holder.share === null) return;
    const leftMs = holder.share.since + BUDGET_SHARE_HOLDS_MS - now;
    if (leftMs <= 0 || (holder.isLate && leftMs > 1_000)) return;
    const recent = sum(within(holder.uses, now));
    const use = { at: now, kind: holder.kind, graphqlMs: 0, restMs: 0 };
    const used = sum(holder.uses);
    for (const lane of LANES) {
      const allowed = holder.share.allowed[lane] - recent[lane];
      use[lane] = Math.max(0, Math.min(allowed, holder.need[lane] - used[lane]));
    }
    if (use.graphqlMs + use.restMs === 0) return;
    holder.uses.push(use);
    uses.push(use);
  }

  function deliver(): void {
    for (const answer of answers.splice(0)) {
      if (answer.at > now) answers.push(answer);
      else if (!answer.holder.isGone) {
        const { graphqlMsPerMinute: graphqlMs, restMsPerMinute: restMs } = answer.share;
        answer.holder.share = { allowed: { graphqlMs, restMs }, since: answer.at };
        spend(answer.holder);
      }
    }
  }

  const installation: Installation = {
    get now() {
      return now;
    },
    holders,
    uses,
    async start(kind, { isLate = false, lateMs = 0, need = EVERYTHING } = {}) {
      const holder: Holder = {
        name: `${kind}-${holders.length}`,
        kind,
        startedAt: now,
        share: null,
        uses: [],
        isGone: false,
        isLate,
        need,
      };
      holders.push(holder);
      await installation.renew(holder, { lateMs });
      return holder;
    },
    async renew(holder, { lateMs = 0, isLost = false, tells = true } = {}) {
      const { name, kind } = holder;
      const report = tells ? sumOf(holder) : null;
      const share = await ledger.grant({ holder: name, kind, report, reservePercent, now: new Date(now) });
      if (!isLost) answers.push({ holder, share, at: now + lateMs });
      deliver();
      return share;
    },
    async release(holder, tells = true) {
      holder.isGone = true;
      await ledger.release({
        holder: holder.name,
        used: tells ? sumOf(holder) : null,
        now: new Date(now),
      });
    },
    kill(holder) {
      holder.isGone = true;
    },
    pass(ms) {
      for (const end = now + ms; now < end; ) {
        now = Math.min(end, now + 1_000);
        deliver();
        for (const holder of holders) if (!holder.isGone) spend(holder);
      }
    },
  };
  return installation;
}

/** Whether a holder has used all that it needs. */
export function isDone({ uses, need }: Pick<Holder, 'uses' | 'need'>): boolean {
  const used = sum(uses);
  return used.graphqlMs >= need.graphqlMs && used.restMs >= need.restMs;
}

/** The most that was used in any 60 s. */
export function findPeaks({ uses }: Pick<Installation, 'uses'>): Record<'all' | HolderKind, ResponseTimes> {
  const peaks = { all: zero(), bulk: zero(), live: zero() };
  const running = { all: zero(), bulk: zero(), live: zero() };
  let first = 0;
  for (const use of uses) {
    for (let old = uses[first]; old !== undefined && old.at <= use.at - MINUTE_MS; old = uses[first]) {
      first += 1;
      add(running.all, old, -1);
      add(running[old.kind], old, -1);
    }
    add(running.all, use);
    add(running[use.kind], use);
    for (const kind of ['all', 'bulk', 'live'] as const) {
      for (const lane of LANES) peaks[kind][lane] = Math.max(peaks[kind][lane], running[kind][lane]);
    }
  }
  return peaks;
}

/** All that a holder has used. */
export function sumOf({ uses }: Pick<Holder, 'uses'>): ResponseTimes {
  return sum(uses);
}

/** What no window may exceed: everything, and for bulk work everything but the reserve. */
export function limitsOf(reservePercent = 10): { all: ResponseTimes; bulk: ResponseTimes } {
  const all = INSTALLATION_MS_PER_MINUTE;
  const bulk = zero();
  for (const lane of LANES) bulk[lane] = all[lane] - Math.round((all[lane] * reservePercent) / 100);
  return { all, bulk };
}

function within(uses: readonly Use[], now: number): Use[] {
  const recent: Use[] = [];
  for (let index = uses.length - 1; index >= 0; index -= 1) {
    const use = uses[index];
    if (use === undefined || use.at <= now - MINUTE_MS) break;
    recent.push(use);
  }
  return recent;
}

function sum(uses: readonly ResponseTimes[]): ResponseTimes {
  const total = zero();
  for (const use of uses) add(total, use);
  return total;
}

function add(to: ResponseTimes, use: ResponseTimes, sign = 1): void {
  for (const lane of LANES) to[lane] += sign * use[lane];
}

function zero(): ResponseTimes {
  return { graphqlMs: 0, restMs: 0 };
}
