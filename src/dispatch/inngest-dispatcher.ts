import { WAITING_FOR_GITHUB } from '../jobs/pause-run.ts';
import type { Database } from '../store/database.ts';
import { within } from '../time/within.ts';
import { DispatchError, type Dispatcher } from './dispatcher.ts';
import { EVENT_OF_JOB_TYPE, INNGEST_EVENTS, jobEventId } from './job-events.ts';

export interface InngestEvent {
  id: string;
  name: string;
  v: string;
  data: Record<string, unknown>;
}

/**
 * Runs that are with Inngest at a time. What is above waits in the job table, where critical work overtakes, and a
 * run that was sent begins long before its lease is over.
 */
const IN_FLIGHT = 50;
/** 50 runs of at most 50 s by five at a time (the free plan's concurrency) take 8 minutes. */
const LEASE_MS = 15 * 60_000;
/**
 * An Inngest that takes connections and does not answer must not hold up all dispatching. An event that it takes later
 * does no harm: it begins the same run, once.
 */
const SEND_WITHIN_MS = 10_000;

/** Sends runs to Inngest as events. `send` is the Inngest client's, and answers the ids of the events. */
export function createInngestDispatcher(options: {
  db: Database;
  send: (event: InngestEvent) => Promise<{ ids: string[] }>;
  /** Milliseconds; for tests. */
  sendWithinMs?: number;
}): Dispatcher {
  const { db, send, sendWithinMs = SEND_WITHIN_MS } = options;
  return {
    name: 'inngest',
    leaseMs: LEASE_MS,
    async capacity() {
      const { count } = await db
        .selectFrom('progressive_capture_jobs')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('status', 'in', ['dispatched', 'running'])
        .where('processor_type', '=', 'inngest')
        // Those that wait for GitHub need none of Inngest's steps until their time has come.
        .where((eb) =>
          eb.or([
            eb('status_reason', 'is distinct from', WAITING_FOR_GITHUB),
            eb('not_before', '<=', new Date()),
          ]),
        )
        .executeTakeFirstOrThrow();
      return Math.max(0, IN_FLIGHT - count);
    },
    async dispatch(job, run) {
      const { name, version, schema } = INNGEST_EVENTS[EVENT_OF_JOB_TYPE[job.job_type]];
      const data = schema.parse({
        jobId: job.id,
        run,
        repositoryId: job.repository_id,
        installationId: job.installation_id,
      });
      try {
        const sending = send({ id: jobEventId(job.id, run), name, v: version, data });
        const { ids } = await within(sendWithinMs, sending, () => {
          throw new Error(`no answer within ${sendWithinMs / 1_000} s`);
        });
        const [inngestEventId] = ids;
        return inngestEventId === undefined ? {} : { inngestEventId };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new DispatchError('inngest_unavailable', `Inngest did not take the event: ${reason}`, {
          isBlocked: false,
          cure: 'Check that Inngest is reachable and that INNGEST_EVENT_KEY is of its environment.',
          cause,
        });
      }
    },
  };
}
