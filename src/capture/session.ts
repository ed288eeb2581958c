import type { CaptureDestination, WriteAnswer } from '../destination/destination.ts';
import type { GitHubClient, GraphqlAnswer } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import { sleepFor } from '../github/sleep.ts';
import type { BudgetShare, Checkpoint, Progress } from '../jobs-api/protocol.ts';
import { type BatchWriter, createBatchWriter } from './batch-writer.ts';
import type { CaptureState, Gap } from './checkpoint.ts';
import { toStorable } from './clean-text.ts';
import { Interruption } from './interruption.ts';

export type CaptureLog = (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void;

export interface SessionOptions {
  repository: { owner: string; name: string; id?: number };
  github: GitHubClient;
  destination: CaptureDestination;
  log: CaptureLog;
  signal?: AbortSignal;
  deadline?: Date;
  budget?: BudgetShare;
  maxWaitMs: number;
  onProgress?: (progress: Progress) => void;
  now: () => Date;
}

/** What the stages of one capture share: the way to GitHub, the way to the destination, and where the capture stands. */
export interface Session {
  readonly options: SessionOptions;
  readonly state: CaptureState;
  readonly writer: BatchWriter;
  readonly warnings: Set<string>;
  /** Pull requests whose last row was fetched in this run. */
  pullRequests: number;
  /** The target's database id, once GitHub told it. */
  repositoryId: number;
  /**
   * Asks GitHub within deadline and budget. `owner` and `name` are added to the variables where the query has them.
   * @throws GitHubError, or Interruption when the answer would come too late
   */
  ask<T>(query: string, variables: Record<string, unknown>, canShrink?: boolean): Promise<GraphqlAnswer<T>>;
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
/** Characters of a gap's reason that are kept. */
const MOST_REASON = 300;

export function createSession(
  options: SessionOptions,
  state: CaptureState,
  opened: { checkpoint: Checkpoint | null; sequence: number },
): Session {
  const { github, signal, deadline, now } = options;
  const writer = createBatchWriter(options.destination, opened);
  const warnings = new Set<string>();
  const before = github.usage();
  let budget = options.budget ?? null;
  let pointsAtRenewal = before.points;
  let lastFlush = now().getTime();
  const allowedMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline.getTime() - now().getTime();
  const marginMs = Math.min(DEADLINE_MARGIN_MS, allowedMs / 4);

  function progress(): Progress {
    const usage = github.usage();
    return {
      done: state.done,
      total: state.total === null ? null : Math.max(state.total, state.done),
      points: usage.points - before.points,
      requests: usage.requests - before.requests,
      rows: writer.rowsWritten(),
      pointsLeft: usage.pointsLeft,
      restLeft: null,
    };
  }

  function obey(answer: WriteAnswer | null): void {
    if (answer?.budget !== undefined) {
      budget = answer.budget;
      pointsAtRenewal = github.usage().points;
    }
    if (answer?.next === 'stop') throw new Interruption('stopped', 'the destination asked to stop');
  }

  async function flush(): Promise<void> {
    lastFlush = now().getTime();
    obey(await writer.flush(structuredClone(state), progress));
    options.onProgress?.(progress());
  }

  /** Leaves the reserve to live work, and keeps to the run's share. */
  async function keepBudget(maxWaitMs: number): Promise<void> {
    if (budget === null) return;
    if (github.usage().points - pointsAtRenewal >= budget.points) {
      await flush();
      obey(await writer.settle());
    }
    const { points, pointsLeft, resetAt } = github.usage();
    const isShareUsed = points - pointsAtRenewal >= budget.points;
    const isReserveReached = pointsLeft !== null && pointsLeft <= budget.reserve;
    if (!isShareUsed && !isReserveReached) return;
    const waitMs = (resetAt?.getTime() ?? 0) + 1_000 - now().getTime();
    if (waitMs <= 0 && !isShareUsed) return;
    const at = waitMs > 0 ? new Date(now().getTime() + waitMs) : new Date(now().getTime() + 60_000);
    if (isShareUsed || waitMs > maxWaitMs) {
      throw new Interruption('continue', 'the share of the API budget is used', at);
    }
    options.log('info', 'leaving the rest of the API budget to live work', {
      seconds: Math.ceil(waitMs / 1000),
    });
    await sleepFor(waitMs, signal);
  }

  const session: Session = {
    options,
    state,
    writer,
    warnings,
    pullRequests: 0,
    repositoryId: options.repository.id ?? state.repositoryId ?? 0,

    async ask<T>(query: string, variables: Record<string, unknown>, canShrink = false) {
      stopIfAborted(signal);
      const leftMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline.getTime() - now().getTime();
      if (leftMs <= marginMs) throw new Interruption('continue', 'the time limit is near');
      const maxWaitMs = Math.min(options.maxWaitMs, leftMs - marginMs);
      await keepBudget(maxWaitMs);
      const { owner, name } = options.repository;
      const given = query.includes('$owner') ? { owner, name, ...variables } : variables;
      try {
        return await github.graphql<T>(query, given, { canShrink, maxWaitMs, ...(signal && { signal }) });
      } catch (error) {
        stopIfAborted(signal);
        if (error instanceof GitHubError && error.code === 'rate_limited') {
          throw new Interruption('continue', error.message, error.retryAt);
        }
        throw error;
      }
    },

    async save(isForced = false) {
      const isDue = now().getTime() - lastFlush >= FLUSH_AFTER_MS;
      if (isForced || isDue || writer.isFull()) await flush();
    },

    async settle() {
      await flush();
      obey(await writer.settle());
    },

    async leave(reason) {
      // Rows and state move together between two requests, so what there is makes a whole batch.
      const isSound = reason instanceof Interruption || reason instanceof GitHubError;
      try {
        if (isSound && !writer.isEmpty()) await writer.flush(structuredClone(state), progress);
        await writer.settle();
      } catch (error) {
        if (reason instanceof Interruption) throw error;
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
