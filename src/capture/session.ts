import type { CaptureDestination, WriteAnswer } from '../destination/destination.ts';
import type { GitHubClient, GraphqlAnswer, RestAnswer } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import { LaneBusyError } from '../github/lane.ts';
import { sleepFor } from '../github/sleep.ts';
import type { BudgetShare, Checkpoint, Progress } from '../jobs-api/protocol.ts';
import { type BatchWriter, createBatchWriter } from './batch-writer.ts';
import { createBudget } from './budget.ts';
import type { CaptureState, Gap } from './checkpoint.ts';
import { toStorable } from './clean-text.ts';
import { Interruption } from './interruption.ts';
import type { ItemKindName } from './item-kinds.ts';
import type { ChangedPage } from './queries/items.ts';

export type CaptureLog = (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void;

export interface SessionOptions {
  repository: { owner: string; name: string; id?: number };
  github: GitHubClient;
  destination: CaptureDestination;
  log: CaptureLog;
  signal?: AbortSignal;
  deadline?: Date;
  budget?: BudgetShare;
  renewBudget?: () => Promise<BudgetShare | null>;
  listenForBudget?: (take: (share: BudgetShare) => void) => void;
  maxWaitMs: number;
  onProgress?: (progress: Progress) => void;
  now: () => Date;
}

/**
 * What the stages of one capture share: the way to GitHub, the way to the destination, and where the capture stands. Rows
 * and state move together, without a pause between, so that what there is at any moment makes a whole batch.
 */
export interface Session {
  readonly options: SessionOptions;
  readonly state: CaptureState;
  readonly writer: BatchWriter;
  readonly warnings: Set<string>;
  /** GitHub's counts of the repository's items. */
  totals: Record<ItemKindName, number>;
  /** The items that changed last, as they came with the repository itself. */
  changed: Partial<Record<ItemKindName, { items: ChangedPage; receivedAt: Date }>>;
  /** Pull requests whose last row was fetched in this run. */
  pullRequests: number;
  /** The target's database id, once GitHub told it. */
  repositoryId: number;
  /** Milliseconds that one GraphQL request should stay below. */
  roomMs(): number;
  /**
   * Asks GitHub within deadline and budget. `owner` and `name` are added to the variables where the query has them.
   * @throws GitHubError, or Interruption when the answer would come too late
   */
  ask<T>(query: string, variables: Record<string, unknown>, canShrink?: boolean): Promise<GraphqlAnswer<T>>;
  /** Reads from the REST API within deadline and budget; throws as `ask` does. */
  read<T>(path: string, options?: { etag?: string | null; canShrink?: boolean }): Promise<RestAnswer<T>>;
  /** Writes what has come together, if that is enough (or `now`), and obeys the destination's answer. */
  save(now?: boolean): Promise<void>;
  /** Writes everything and waits until it is stored. */
  settle(): Promise<void>;
  /** Stores what was fetched before the capture ended early; never rejects for a capture that failed anyhow. */
  leave(reason: unknown): Promise<void>;
  addGap(gap: Gap): void;
  progress(): Progress;
}

/** Rows that have waited for so long are written, however few: what is stored needs no second fetch. */
const FLUSH_AFTER_MS = 15_000;
/** No new request this close to the deadline (or in the last quarter of a short run): it may take GitHub 10 s. */
const DEADLINE_MARGIN_MS = 15_000;
/** A run that has no share for now, or has used it, looks this often whether it has one. */
const RENEW_AFTER_MS = 5_000;
/** It looks no longer than this: what another run gives back is there in less. */
const MOST_RENEWING_MS = 120_000;
/** When a run without a share goes on: before its place among the others is lost, 45 s after it asked last. */
const NO_SHARE_MS = 30_000;
/** Characters of a gap's reason that are kept. */
const MOST_REASON = 300;

export function createSession(
  options: SessionOptions,
  state: CaptureState,
  opened: { checkpoint: Checkpoint | null; sequence: number },
): Session {
  const { github, signal, deadline, now } = options;
  const writer = createBatchWriter(options.destination, opened, ({ budget: share }) => {
    // A share is promised from the answer on, not from when somebody looks at it.
    if (share !== undefined) budget.renew(share, now());
  });
  const warnings = new Set<string>();
  const before = github.usage();
  const isRenewable = options.renewBudget !== undefined;
  const budget = createBudget(github, options.budget, { isRenewable, now: now() });
  options.listenForBudget?.((share) => budget.renew(share, now()));
  const inTurn = createTurns();
  let lastFlush = now().getTime();
  const deadlineMs = deadline?.getTime() ?? Number.POSITIVE_INFINITY;
  // The last moment for a new request.
  const lastMs = deadlineMs - Math.min(DEADLINE_MARGIN_MS, (deadlineMs - now().getTime()) / 4);

  function progress(): Progress {
    const usage = github.usage();
    return {
      done: state.done,
      total: state.total === null ? null : Math.max(state.total, state.done),
      points: usage.points - before.points,
      requests: usage.requests - before.requests,
      rows: writer.rowsWritten(),
      pointsLeft: usage.pointsLeft,
      restLeft: usage.restLeft,
    };
  }

  function obey(answer: WriteAnswer | null): void {
    if (answer?.next === 'stop') throw new Interruption('stopped', 'the destination asked to stop');
  }

  async function flush(): Promise<void> {
    lastFlush = now().getTime();
    obey(await writer.flush(structuredClone(state), progress));
    options.onProgress?.(progress());
  }

  /**
   * Leaves the reserve to live work, and keeps to the run's share.
   * @param latestMs when it must have one, milliseconds since 1970
   */
  async function keepBudget(api: 'graphql' | 'rest', latestMs: number): Promise<void> {
    const renewingMs = Math.min(latestMs, now().getTime() + MOST_RENEWING_MS);
    for (;;) {
      const judgement = budget.judge(api, now());
      if (judgement.kind === 'go') return;
      if (judgement.kind === 'wait') {
        const waitMs = judgement.until.getTime() - now().getTime();
        if (judgement.until.getTime() > latestMs) {
          throw new Interruption('continue', 'the rest of the API budget is for live work', judgement.until);
        }
        options.log('info', 'leaving the rest of the API budget to live work', {
          seconds: Math.ceil(waitMs / 1000),
        });
        await sleepFor(waitMs, signal);
        stopIfAborted(signal);
        // A share of the hour that is over is none of the next one.
        continue;
      }
      await inTurn(async () => {
        // Perhaps the one before has renewed it.
        if (budget.judge(api, now()).kind !== 'renew') return;
        await flush();
        obey(await writer.settle());
        if (budget.judge(api, now()).kind !== 'renew') return;
        const share = await options.renewBudget?.();
        if (share) budget.renew(share, now());
        else if (share === null) budget.keep(now());
      });
      if (budget.judge(api, now()).kind !== 'renew') continue;
      if (options.renewBudget === undefined || now().getTime() + RENEW_AFTER_MS > renewingMs) {
        const at = new Date(now().getTime() + NO_SHARE_MS);
        throw new Interruption('continue', 'the share of the API budget is used', at);
      }
      await sleepFor(RENEW_AFTER_MS, signal);
      stopIfAborted(signal);
    }
  }

  /** Sends a request when deadline and budget allow it. */
  async function send<T>(
    api: 'graphql' | 'rest',
    request: (options: { maxWaitMs: number; maxLaneWaitMs?: number; signal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    // A share holds for a time: who waits for the lane's turn looks at it now and then.
    const patience = isRenewable ? { maxLaneWaitMs: RENEW_AFTER_MS } : {};
    // All its waits together end by then.
    const latestMs = Math.min(now().getTime() + options.maxWaitMs, lastMs);
    for (;;) {
      stopIfAborted(signal);
      if (now().getTime() >= lastMs) throw new Interruption('continue', 'the time limit is near');
      await keepBudget(api, latestMs);
      const maxWaitMs = Math.max(0, latestMs - now().getTime());
      try {
        return await request({ maxWaitMs, ...patience, ...(signal && { signal }) });
      } catch (error) {
        stopIfAborted(signal);
        if (error instanceof GitHubError && error.code === 'rate_limited') {
          throw new Interruption('continue', error.message, error.retryAt);
        }
        if (!(error instanceof LaneBusyError)) throw error;
        const waitMs = Math.min(error.waitMs, RENEW_AFTER_MS);
        if (now().getTime() + waitMs > latestMs) {
          const at = new Date(now().getTime() + NO_SHARE_MS);
          throw new Interruption('continue', 'the share of the API budget is too small for now', at);
        }
        await sleepFor(waitMs, signal);
      }
    }
  }

  const session: Session = {
    options,
    state,
    writer,
    warnings,
    totals: { pull_request: 0, issue: 0 },
    changed: {},
    pullRequests: 0,
    repositoryId: options.repository.id ?? state.repositoryId ?? 0,
    roomMs: () => budget.roomMs(),

    ask<T>(query: string, variables: Record<string, unknown>, canShrink = false) {
      const { owner, name } = options.repository;
      const given = query.includes('$owner') ? { owner, name, ...variables } : variables;
      return send('graphql', (asked) => github.graphql<T>(query, given, { canShrink, ...asked }));
    },

    read<T>(path: string, given: { etag?: string | null; canShrink?: boolean } = {}) {
      return send('rest', (asked) => github.rest<T>(path, { ...given, ...asked }));
    },

    save: (isForced = false) =>
      inTurn(async () => {
        const isDue = now().getTime() - lastFlush >= FLUSH_AFTER_MS;
        if (isForced || isDue || writer.isFull()) await flush();
      }),

    settle: () =>
      inTurn(async () => {
        await flush();
        obey(await writer.settle());
      }),

    async leave(reason) {
      const isSound = reason instanceof Interruption || reason instanceof GitHubError;
      try {
        if (isSound && !writer.isEmpty()) await writer.flush(structuredClone(state), progress);
        await writer.settle();
      } catch (error) {
        if (reason instanceof Interruption) throw error;
      } finally {
        options.onProgress?.(progress());
      }
    },

    addGap({ reason, ...where }) {
      // GitHub's words go into the checkpoint, which a database must be able to hold.
      const gap: Gap = { ...where, reason: toStorable(reason.slice(0, MOST_REASON)) };
      const isKnown = state.gaps.some(
        ({ number, connection }) => number === gap.number && connection === gap.connection,
      );
      if (!isKnown) state.gaps.push(gap);
      options.log('warn', 'could not be fetched', { ...gap });
    },

    progress,
  };
  return session;
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Interruption('stopped', 'the caller asked to stop');
}

/** One at a time, in the order in which they came; one that fails holds up none of the others. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
