import { eventType, type Inngest, RetryAfterError } from 'inngest';
import { sql } from 'kysely';
import { SLICE_MS } from '../../src/cost/executions.ts';
import { INNGEST_EVENTS, JobEventData } from '../../src/dispatch/job-events.ts';
import { type RunJobOptions, type RunJobReport, runJob } from '../../src/jobs/run-job.ts';
import { endRun } from '../../src/jobs/runs.ts';

/** What the functions need to carry runs out. */
export type FunctionContext = Pick<
  RunJobOptions,
  'db' | 'config' | 'tokenFor' | 'bulkFor' | 'log' | 'signal'
> & {
  /** A run is over: perhaps its continuation is due. */
  onSettled: () => void;
  /** Milliseconds; for tests. */
  sliceMs?: number;
};

/**
 * Inngest's tries after the first, explicit because the server's default and the SDK's documentation differ. They are
 * for what kept an outcome from being recorded (a process that died, a database that was away), and for waits for
 * GitHub's limits. A failed capture is recorded in the job's row, which has attempts of its own.
 */
const RETRIES = 3;
/** Longer than Inngest's waits between tries, measured as 20 and 45 s, so that the same run goes on; also after a pause. */
const LEASE_MS = 180_000;

/**
 * Captures of one installation share GitHub's budget. Plans of Inngest start at five steps at a time, of all functions
 * together, so the limit is one for all of them too: a giant leaves a step to the others.
 */
const PER_INSTALLATION = {
  scope: 'env',
  key: '"installation:" + string(event.data.installationId)',
  limit: 4,
} as const;
/** One capture over a repository at a time: two would fetch the same pages. */
const PER_REPOSITORY = { key: 'string(event.data.repositoryId)', limit: 1 } as const;
/**
 * Starts, spread evenly, when one installation sends a flood, such as a bot that labels thousands of pull requests: the
 * budget of GitHub's secondary limits is one of minutes. What is above waits; well within the lease of a sent run, since
 * at most 50 runs are with Inngest at a time (`createInngestDispatcher`).
 */
const THROTTLE = {
  key: 'string(event.data.installationId)',
  limit: 60,
  period: '1m',
  burst: 10,
} as const;

export function createFunctions(client: Inngest, context: FunctionContext) {
  const event = ({
    name,
    version,
    schema,
  }: (typeof INNGEST_EVENTS)['captureItems' | 'captureRepository' | 'classifyRepository']) =>
    eventType(name, { schema, version });
  const options = {
    retries: RETRIES,
    // As the event's id: a run starts once, whatever is sent twice.
    idempotency: 'event.data.jobId + ":" + string(event.data.run)',
    onFailure: ({ event: failed, error }: { event: { data: { event: { data?: unknown } } }; error: Error }) =>
      recordFailure(failed.data.event.data, error, context),
  } as const;

  return [
    client.createFunction(
      {
        ...options,
        id: INNGEST_EVENTS.captureRepository.consumer,
        name: 'Capture a repository',
        triggers: [event(INNGEST_EVENTS.captureRepository)],
        concurrency: [PER_INSTALLATION, PER_REPOSITORY],
      },
      async ({ event: { data }, step, ...tried }) =>
        step.run('capture', () => carryOut(data, tried, context)),
    ),
    client.createFunction(
      {
        ...options,
        id: INNGEST_EVENTS.captureItems.consumer,
        name: 'Capture pull requests or issues',
        triggers: [event(INNGEST_EVENTS.captureItems)],
        concurrency: [PER_INSTALLATION],
        throttle: THROTTLE,
      },
      async ({ event: { data }, step, ...tried }) =>
        step.run('capture', () => carryOut(data, tried, context)),
    ),
    client.createFunction(
      {
        ...options,
        id: INNGEST_EVENTS.classifyRepository.consumer,
        name: 'Classify a repository',
        triggers: [event(INNGEST_EVENTS.classifyRepository)],
        concurrency: [PER_INSTALLATION],
      },
      async ({ event: { data }, step, ...tried }) =>
        step.run('classify', () => carryOut(data, tried, context)),
    ),
    client.createFunction(
      {
        id: INNGEST_EVENTS.test.consumer,
        name: 'Answer a test event',
        retries: 0,
        triggers: [
          eventType(INNGEST_EVENTS.test.name, {
            schema: INNGEST_EVENTS.test.schema,
            version: INNGEST_EVENTS.test.version,
          }),
        ],
      },
      async ({ event: { data }, step }) =>
        step.run('ask-database', async () => {
          await sql`SELECT 1`.execute(context.db);
          return { nonce: data.nonce };
        }),
    ),
  ];
}

/** Which run of Inngest it is, and which of its tries, from 0. */
interface Tried {
  runId: string;
  attempt: number;
  maxAttempts?: number;
}

/**
 * @throws RetryAfterError the run has to wait for GitHub's limits, and goes on at GitHub's own time. Not in the last two
 * tries: then the job waits in its table.
 */
async function carryOut(
  data: JobEventData,
  { runId, attempt, maxAttempts = RETRIES + 1 }: Tried,
  context: FunctionContext,
): Promise<RunJobReport> {
  const report = await runJob({
    ...context,
    ...JobEventData.parse(data),
    worker: 'inngest',
    inngestRunId: runId,
    leaseMs: LEASE_MS,
    sliceMs: context.sliceMs ?? SLICE_MS,
    // As many as may go on at once when the time has come; and one try is kept for what goes wrong.
    ...(attempt + 2 < maxAttempts ? { pause: { perInstallation: PER_INSTALLATION.limit } } : {}),
  });
  context.onSettled();
  if (report.status === 'paused' && report.notBefore) {
    throw new RetryAfterError(
      `Waits for GitHub's limits until ${report.notBefore}.`,
      new Date(report.notBefore),
    );
  }
  return report;
}

/** After Inngest's last try: the run counts as failed, with the reason, unless the job has gone on without it. */
async function recordFailure(
  data: unknown,
  error: Error,
  { db, log, onSettled }: FunctionContext,
): Promise<void> {
  const { jobId, run } = JobEventData.parse(data);
  const message = `Inngest gave the run up in its last try: ${error.message}`;
  const settled = await endRun(db, { jobId, run, outcome: 'failure', result: null, error: message });
  log.error({ job: jobId, run, stage: 'capture', status: settled?.status }, 'A run failed in every try.');
  onSettled();
}
