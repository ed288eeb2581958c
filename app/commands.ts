import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../src/store/database.ts';
import { releaseLease, takeLease } from '../src/store/lease.ts';
import { type CarryOutOptions, carryOutComment } from './carry-out-comment.ts';

/** Longer than a comment's commands take; after it another process may carry them out. */
const LEASE_MS = 120_000;
/** How often waiting commands are looked for that nobody announced: after a restart, or when GitHub was away. */
const LOOK_EVERY_MS = 30_000;
/** A command that could not be carried out or answered for so long (GitHub away, App uninstalled) is given up. */
const GIVE_UP_MS = 24 * 3_600_000;

export interface CommandRunner {
  /** Commands were committed. */
  poke(): void;
  start(): void;
  /** Resolves when the comment in hand is done. */
  stop(): Promise<void>;
  /** Resolves when no command waits that can be carried out now. */
  idle(): Promise<void>;
}

/**
 * Carries out the slash commands that deliveries have noted in `commands`, after their commit, one comment at a time;
 * a stop never stands behind another one. A row waits until it is answered, so a restart loses none, and a change and
 * the note of its answer are one transaction, so a restart repeats none; a lease for each comment keeps two processes
 * apart. The comment is fetched again first: what was changed or deleted since is not obeyed.
 */
export function createCommandRunner(options: CarryOutOptions): CommandRunner {
  const { db, log } = options;
  const holder = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let stops: Promise<void> = Promise.resolve();
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;

  const look = async (which: 'stops' | 'all'): Promise<void> => {
    if (isStopped) return;
    try {
      if (which === 'all') await giveUp(db);
      for (const commentId of await findWaitingComments(db, which)) {
        if (isStopped) return;
        await runLeased(commentId);
      }
    } catch (err) {
      log.error({ err, stage: 'command' }, 'Waiting commands could not be read.');
    }
  };
  const runLeased = async (commentId: number): Promise<void> => {
    const lease = `command:${commentId}`;
    if (!(await takeLease(db, lease, holder, LEASE_MS))) return;
    try {
      await carryOutComment(commentId, options);
    } catch (err) {
      // The rows wait on: GitHub or the database is away, and the next look tries again.
      log.error({ err, stage: 'command', comment: commentId }, 'A command could not be carried out yet.');
    } finally {
      await releaseLease(db, lease, holder);
    }
  };
  const poke = (): void => {
    stops = stops.then(() => look('stops'));
    const first = stops;
    running = running.then(() => first).then(() => look('all'));
  };
  return {
    poke,
    start: () => {
      poke();
      timer = setInterval(poke, LOOK_EVERY_MS);
      timer.unref();
    },
    stop: () => {
      isStopped = true;
      clearInterval(timer);
      return Promise.all([stops, running]).then(() => undefined);
    },
    idle: () => running,
  };
}

async function giveUp(db: Database): Promise<void> {
  await db
    .updateTable('commands')
    .set({
      outcome: sql`CASE WHEN outcome = 'received' THEN 'expired' ELSE outcome END`,
      reason_code: sql`CASE WHEN outcome = 'received' THEN 'not_carried_out_in_time' ELSE reason_code END`,
      answered_at: new Date(),
    })
    .where('answered_at', 'is', null)
    .where('created_at', '<', new Date(Date.now() - GIVE_UP_MS))
    .execute();
}

async function findWaitingComments(db: Database, which: 'stops' | 'all'): Promise<number[]> {
  const isStop = sql<boolean>`bool_or(verb = 'rollout stop')`;
  let query = db
    .selectFrom('commands')
    .select('comment_id')
    .where('answered_at', 'is', null)
    .groupBy('comment_id')
    .orderBy(isStop, 'desc')
    .orderBy('comment_id');
  if (which === 'stops') query = query.having(isStop);
  return (await query.execute()).map(({ comment_id }) => comment_id);
}
