import { NO_SHARE } from '../src/budget/no-share.ts';
import { JobsApiRefusal, type JobsApiSession } from '../src/destination/jobs-api-client.ts';
import type { BudgetShare, Progress } from '../src/jobs-api/protocol.ts';
import { describeError } from './describe-error.ts';
import { log } from './log.ts';

const HEARTBEAT_MS = 60_000;

export interface Contact {
  /** Aborted when the app wants the run to end. */
  signal: AbortSignal;
  /** Why it does; null while it does not. */
  reason: string | null;
  /**
   * Sends a sign of life now and answers the share that it brings: none where the app does not answer, null where this app
   * sends shares with batches only.
   */
  renewBudget(): Promise<BudgetShare | null>;
  /** @param take is given the shares that the signs of life of every minute bring */
  listenForBudget(take: (share: BudgetShare) => void): void;
  /** Ends the signs of life. */
  end(): void;
}

/** Sends the app a sign of life every minute, and hears what it answers. */
export function keepInTouch(
  session: Pick<JobsApiSession, 'heartbeat'>,
  progress: () => Progress | null,
): Contact {
  const controller = new AbortController();
  let take = (_: BudgetShare) => {};
  const stop = (reason: string) => {
    contact.reason = reason;
    controller.abort();
  };

  /** Null: no answer came. */
  async function beat() {
    try {
      const answer = await session.heartbeat({ progress: progress() });
      if (answer.next === 'stop') stop('The app told this run to stop: the job was cancelled.');
      return answer;
    } catch (error) {
      if (error instanceof JobsApiRefusal) stop(`The app ended this run: ${describeError(error)}`);
      else log.info(`No answer to the sign of life: ${describeError(error)}`);
      return null;
    }
  }

  const timer = setInterval(async () => {
    const answer = await beat();
    if (answer?.budget !== undefined) take(answer.budget);
  }, HEARTBEAT_MS);
  timer.unref();

  const contact: Contact = {
    signal: controller.signal,
    reason: null,
    async renewBudget() {
      const answer = await beat();
      return answer === null ? NO_SHARE : (answer.budget ?? null);
    },
    listenForBudget(taker) {
      take = taker;
    },
    end: () => clearInterval(timer),
  };
  return contact;
}
