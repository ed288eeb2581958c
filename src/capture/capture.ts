import type { CaptureDestination } from '../destination/destination.ts';
import type { GitHubClient } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import type { BudgetShare, Checkpoint, Progress } from '../jobs-api/protocol.ts';
import { checkRepository } from './check-repository.ts';
import { type CaptureState, type Gap, startWalk, type Walk } from './checkpoint.ts';
import type { Change } from './clean-text.ts';
import { Interruption } from './interruption.ts';
import { type CaptureTarget, changedSince, planStages, type Stage } from './plan-stages.ts';
import {
  REPOSITORY,
  REPOSITORY_WITH_CHANGES,
  REPOSITORY_WITH_PEOPLE,
  type RepositoryData,
} from './queries/repository.ts';
import { resumeState } from './resume-state.ts';
import { repositoryRows } from './rows/repository.ts';
import { type CaptureLog, createSession, type Session } from './session.ts';

export interface CaptureOptions {
  target: CaptureTarget;
  github: GitHubClient;
  destination: CaptureDestination;
  log: CaptureLog;
  /** Ends the capture at the next safe moment, as `stopped`. */
  signal?: AbortSignal;
  /** Ends the capture shortly before this time, as `continue`. */
  deadline?: Date;
  /** The share of the installation's API budget to begin with; without one, GitHub's limits alone hold. */
  budget?: BudgetShare;
  /**
   * Asks for a new share: called when the share is used up, is 0, or is older than BUDGET_SHARE_HOLDS_MS. Null: shares come
   * with the destination's answers alone, and the one before holds until then. Never rejects.
   */
  renewBudget?: () => Promise<BudgetShare | null>;
  /** Called once: what it is given takes a share that came meanwhile, and that replaces the one before. */
  listenForBudget?: (take: (share: BudgetShare) => void) => void;
  /**
   * How long one request may wait in all for the run's share of the budget, and at a time for GitHub's limits,
   * milliseconds; a longer wait ends the run as `continue`. Default 300,000.
   */
  maxWaitMs?: number;
  /** When a part of the capture begins, such as its pull requests. */
  onStage?: (name: Stage['name']) => void;
  /** After each batch, and when the capture ends early: what it used and stored up to its failure. */
  onProgress?: (progress: Progress) => void;
  now?: () => Date;
}

export interface CaptureResult {
  /**
   * `complete`: all of it was fetched and stored. `incomplete`: it went to the end, but `gaps` could not be fetched.
   * `continue`, `stopped`: it goes on from the checkpoint.
   */
  status: 'complete' | 'incomplete' | 'continue' | 'stopped';
  continueAt: Date | null;
  checkpoint: Checkpoint;
  progress: Progress;
  /** Of this run: pull requests fetched whole, rows written, points and requests used, time taken. */
  pullRequests: number;
  rows: number;
  points: number;
  requests: number;
  seconds: number;
  gaps: Gap[];
  warnings: string[];
}

/**
 * Captures a target from GitHub into a destination, from where the destination's checkpoint stands.
 * @throws GitHubError, and whatever the destination throws; what was stored before stays, and the next run goes on from it
 */
export async function capture(options: CaptureOptions): Promise<CaptureResult> {
  const { target, destination, now = () => new Date(), maxWaitMs = 300_000 } = options;
  const startedMs = now().getTime();
  // 1. Where did the last run end?
  const opened = await destination.open();
  const state = resumeState(opened.checkpoint, target);
  const session = createSession({ ...options, repository: target.repository, maxWaitMs, now }, state, opened);
  const stages = planStages(target, state);
  let interruption: Interruption | null = null;
  try {
    // 2. The repository itself: is it there, is it the one that is meant, how much is there to do?
    await captureRepository(session, target, stages);
    // 3. Walk by walk.
    for (let stage = stages[state.stage]; stage !== undefined; stage = stages[state.stage]) {
      options.onStage?.(stage.name);
      options.log('info', `capturing: ${stage.name}`, { cursor: state.walk.cursor });
      await stage.run(session);
      state.stage += 1;
      state.walk = startStage(state, target, stages);
    }
    // 4. Only now is it finished, and what was found missing belongs to this pass.
    state.isFinished = true;
    await session.settle();
  } catch (error) {
    // 5. Stopped on the way: what was fetched so far is kept.
    await session.leave(error);
    if (!(error instanceof Interruption)) throw error;
    interruption = error;
    options.log('info', `interrupted: ${error.message}`, {
      continueAt: error.continueAt?.toISOString() ?? null,
    });
  }
  return summarize(session, interruption, (now().getTime() - startedMs) / 1000);
}

async function captureRepository(
  session: Session,
  target: CaptureTarget,
  stages: readonly Stage[],
): Promise<void> {
  const { state, writer } = session;
  const answer = await askRepository(session, target);
  const repository = checkRepository(session, answer);
  const { receivedAt } = answer;
  const capturedAt = receivedAt.toISOString();
  session.totals = { pull_request: repository.pullRequests.totalCount, issue: repository.issues.totalCount };
  for (const kind of ['pull_request', 'issue'] as const) {
    const items = repository[kind];
    if (items) session.changed[kind] = { items, receivedAt };
  }
  session.repositoryId = repository.databaseId ?? 0;
  state.repositoryId = session.repositoryId;
  writer.add(repositoryRows(repository, session.repositoryId, capturedAt));
  if (state.startedAt !== null) return;
  state.startedAt = capturedAt;
  state.walk = startStage(state, target, stages);
  if (target.items.length > 0) state.total = target.items.length;
  else if (target.since === null && state.changedSince === null) {
    state.total = stages.reduce(
      (sum, { kind, isAgain }) => sum + (kind !== null && !isAgain ? session.totals[kind] : 0),
      0,
    );
  }
}

/** Counting the people of a very large repository can be too much for GitHub: then it is captured without a category. */
async function askRepository(session: Session, target: CaptureTarget) {
  if (target.type === 'classify') {
    try {
      return await session.ask<RepositoryData>(REPOSITORY_WITH_PEOPLE, {}, true);
    } catch (error) {
      if (!(error instanceof GitHubError) || error.code !== 'too_heavy') throw error;
      session.warnings.add(`the people who take part could not be counted: ${error.message}`);
    }
  }
  const isIncremental = target.type === 'history' && changedSince(target, session.state) !== null;
  return session.ask<RepositoryData>(isIncremental ? REPOSITORY_WITH_CHANGES : REPOSITORY, {});
}

/** A stage begins with the items that are known to need it. */
function startStage(state: CaptureState, target: CaptureTarget, stages: readonly Stage[]): Walk {
  const stage = stages[state.stage];
  const numbers = new Set(target.items);
  const isFirst = !stages.slice(0, state.stage).some(({ kind }) => kind !== null);
  if (stage?.kind && isFirst) for (const number of state.again) numbers.add(number);
  if (stage?.kind) for (const number of state.changed[stage.kind].splice(0)) numbers.add(number);
  return startWalk({
    numbers: [...numbers],
    until: target.until?.toISOString() ?? null,
    isAgain: stage?.isAgain ?? false,
  });
}

const CHANGES: Record<Change, string> = {
  replaced: 'texts held NUL or broken characters, replaced by U+FFFD',
  cut: 'texts were too long; what is stored ends in …',
  dropped: 'times that no database can hold were left out',
};

function summarize(session: Session, interruption: Interruption | null, seconds: number): CaptureResult {
  const { state, writer } = session;
  const progress = session.progress();
  const cleaned = [...writer.cleaned().values()].map(
    ({ column, change, count }) => `${column}: ${count} ${CHANGES[change]}`,
  );
  const finished = state.gaps.length === 0 ? 'complete' : 'incomplete';
  return {
    status: interruption?.status ?? finished,
    continueAt: interruption?.continueAt ?? null,
    checkpoint: structuredClone(state),
    progress,
    pullRequests: session.pullRequests,
    rows: progress.rows,
    points: progress.points,
    requests: progress.requests,
    seconds,
    gaps: state.gaps,
    warnings: [...session.warnings, ...cleaned],
  };
}
