import { sql } from 'kysely';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { createDispatchPass } from '../../src/dispatch/dispatch-pass.ts';
import type { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { findNextDue } from '../../src/dispatch/find-due-jobs.ts';
import { createInngestDispatcher } from '../../src/dispatch/inngest-dispatcher.ts';
import { JobEventData } from '../../src/dispatch/job-events.ts';
import { estimateHistory } from '../../src/jobs/estimate-history.ts';
import { planWork } from '../../src/jobs/plan-work.ts';
import { endRun, markSent, reserveRun, startRun } from '../../src/jobs/runs.ts';
import { createReconcileLoop } from '../../src/loops/reconcile.ts';
import { ensureRollout, readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import type { DrawnEvent, Organisation } from './draw-organisation.ts';
import type { JobCost, measureJobs } from './measure-jobs.ts';
import { SILENT } from './silent-log.ts';

const INSTALLATION = 4_711;
const ACCOUNT = 1;
const HOUR_MS = 3_600_000;
/** Between two passes of the dispatch loop, as it polls; it is not woken in between, so jobs coalesce a little longer. */
const TICK_MS = 5_000;
/** Captures of one installation that Inngest carries out at a time (`app/inngest/job-functions.ts`). */
const INNGEST_AT_A_TIME = 4;
/** From the dispatch of a workflow run until its first call to the app: a runner must be found and set up. */
const RUNNER_STARTS_MS = 30_000;
/** What is not GitHub's time in a run of a job: calls to the app, storing. */
const OVERHEAD_MS = 500;
const BILLED_MS = 60_000;
const PLAN_AT_ONCE = 100;

export interface Day {
  /** Ended jobs, by processor and rule. */
  jobs: { processor: string; rule: string; jobs: number }[];
  /** Not ended when the day was over. */
  left: number;
  /** What the installation was asked for in each hour. */
  hours: JobCost[];
  /** Runs that were given to Inngest. */
  inngestRuns: number;
  workflowRuns: number;
  /** Each run rounded up, as it is billed. */
  actionsMinutes: number;
  /** From the event until the job ended, of live jobs, seconds, ascending; up to `TICK_MS` of it is the simulation's. */
  latencies: number[];
  /** Of jobs, their runs and metrics; captured rows and the ids of deliveries are not among them. */
  bytesOfJobs: number;
  /** Real seconds that planning, dispatching and recording took. */
  seconds: number;
}

/** A run that is under way. */
interface UnderWay {
  jobId: string;
  run: number;
  startMs: number;
  endMs: number;
  cost: JobCost;
  workflowRun: number | null;
}

/**
 * A day of an organisation whose histories are captured and whose repositories are all enrolled: real planning, routing, dispatch
 * and reconciliation on this database, by a clock that jumps. What carries the jobs out takes as long, and asks for as
 * much, as `costs` say.
 */
export async function simulateDay(
  db: Database,
  { repositories, events }: Organisation,
  costs: Awaited<ReturnType<typeof measureJobs>>,
  say: (text: string) => void,
): Promise<Day> {
  const config = bulkConfig();
  await ensureRollout(db, { ...config.rollout, percentage: 100, strategy: 'percentage' });
  // Midnight, UTC.
  const startMs = Date.UTC(2026, 10, 24);
  await insertCaptured(db, repositories, new Date(startMs - 30 * HOUR_MS));
  const bytesBefore = await databaseBytes(db);

  let nowMs = startMs;
  const now = () => new Date(nowMs);
  const bulkFor = () => ({ available: true }) as const;
  const underWay: UnderWay[] = [];
  const freeAt = Array.from({ length: INNGEST_AT_A_TIME }, () => 0);
  const hours: JobCost[] = Array.from({ length: 24 }, () => ({ points: 0, requests: 0, seconds: 0 }));
  const latencies: number[] = [];
  const changedToday = new Map<number, Set<number>>();
  /** When what made a job happened, the first of it. */
  const eventMs = new Map<string, number>();
  const pushes = new Set<string>();
  const workflowRuns = new Map<number, { startMs: number; endMs: number }>();
  let inngestRuns = 0;
  let nextDueMs = Number.POSITIVE_INFINITY;

  function begin(
    jobId: string,
    run: number,
    atMs: number,
    cost: JobCost,
    workflowRun: number | null,
  ): number {
    const endMs = atMs + cost.seconds * 1_000 + OVERHEAD_MS;
    underWay.push({ jobId, run, startMs: atMs, endMs, cost, workflowRun });
    const hour = hours[Math.min(23, Math.floor((atMs - startMs) / HOUR_MS))];
    if (hour) for (const key of ['points', 'requests', 'seconds'] as const) hour[key] += cost[key];
    return endMs;
  }
  /** One that finds nothing, and a history of what has changed in the repository. */
  function reconciliationOf(repositoryId: number): JobCost {
    const history = estimateHistory(changedToday.get(repositoryId)?.size ?? 0);
    const { points, requests, seconds } = costs.reconciliation;
    return {
      points: points + history.points,
      requests: requests + history.requests,
      seconds: seconds + history.hours * 3_600,
    };
  }

  const inngest = createInngestDispatcher({
    db,
    async send({ id, data }) {
      const { jobId, run } = JobEventData.parse(data);
      const lane = freeAt.indexOf(Math.min(...freeAt));
      const cost = pushes.has(jobId) ? costs.push : costs.pullRequest;
      freeAt[lane] = begin(jobId, run, Math.max(nowMs, freeAt[lane] ?? 0), cost, null);
      inngestRuns += 1;
      return { ids: [id] };
    },
  });
  const bulk: Dispatcher = {
    name: 'workflow',
    leaseMs: 10 * 60_000,
    async dispatch(job, run) {
      const workflowRunId = workflowRuns.size + 1;
      const runMs = nowMs + RUNNER_STARTS_MS;
      const endMs = begin(job.id, run, runMs, reconciliationOf(job.repository_id), workflowRunId);
      workflowRuns.set(workflowRunId, { startMs: runMs, endMs });
      return { workflowRunId };
    },
  };
  const dispatch = createDispatchPass({
    ...{ db, config, bulkFor, log: SILENT, now },
    dispatchers: { inngest, bulk },
  });
  const reconcile = createReconcileLoop({
    ...{ config, periodMs: config.reconcilePeriodMs, bulkFor, log: SILENT },
    servedAccounts: async () => [ACCOUNT],
    onJobs() {},
  });

  async function plan(due: readonly DrawnEvent[]): Promise<void> {
    const items = due.map((event) => itemOf(event, startMs));
    const planned = await db.transaction().execute(async (trx) => {
      const rollout = await readRollout(trx, { environmentStop: false });
      return planWork(trx, items, { now: now(), config, rollout, bulkFor });
    });
    for (const result of planned) {
      if (result.outcome === 'skipped') throw new Error(`work was skipped: ${result.reason}`);
      const { id, not_before: notBefore } = result.job;
      nextDueMs = Math.min(nextDueMs, notBefore.getTime());
      const atMs = result.item.range.until?.getTime() ?? nowMs;
      if (!eventMs.has(id)) eventMs.set(id, atMs);
      if (result.item.type === 'branch_commits') pushes.add(id);
      const changed = changedToday.get(result.item.repository.id) ?? new Set();
      for (const number of result.item.items) changed.add(number);
      changedToday.set(result.item.repository.id, changed);
    }
  }

  /** As the Action does it: the run that is done with a job asks for the next one, and ends when none is due. */
  async function takeNext(workflowRun: number): Promise<void> {
    const next = await db
      .selectFrom('progressive_capture_jobs')
      .select(['id', 'repository_id'])
      .where('status', '=', 'queued')
      .where('processor_type', '=', 'github_actions')
      .where('not_before', '<=', now())
      .orderBy('priority')
      .orderBy('not_before')
      .orderBy('id')
      .executeTakeFirst();
    const reserved = next && (await reserveRun(db, next.id, 'bench', { now: now(), bulkPerInstallation: 1 }));
    if (!reserved) return;
    const { run, job } = reserved;
    const sent = { jobId: job.id, run, worker: 'workflow', workflowRunId: workflowRun } as const;
    await markSent(db, { ...sent, leaseMs: bulk.leaseMs, now: now() });
    const known = workflowRuns.get(workflowRun);
    if (!known) throw new Error('an unknown run asked');
    known.endMs = begin(job.id, run, nowMs, reconciliationOf(job.repository_id), workflowRun);
  }

  async function end({ jobId, run, startMs: startedMs, endMs, cost, workflowRun }: UnderWay): Promise<void> {
    const tickMs = nowMs;
    nowMs = endMs;
    const workflow = workflowRun === null ? {} : { workflowRunId: workflowRun };
    const worker = workflowRun === null ? 'inngest' : 'workflow';
    const id = { jobId, run, holder: 'bench' };
    const started = await startRun(db, {
      ...id,
      worker,
      leaseMs: 60_000,
      now: new Date(startedMs),
      ...workflow,
    });
    if (!started) throw new Error(`run ${run} of job ${jobId} could not be started`);
    const result = {
      pullRequests: 1,
      rows: 1,
      ...cost,
      points: Math.round(cost.points),
      complete: true,
      gaps: 0,
    };
    await endRun(db, { ...id, outcome: 'success', result, error: null, now: now() });
    if (workflowRun === null) latencies.push((endMs - (eventMs.get(jobId) ?? endMs)) / 1_000);
    else await takeNext(workflowRun);
    nowMs = tickMs;
  }

  const begunAt = performance.now();
  let next = 0;
  let reconciledAt = new Date(startMs - config.reconcilePeriodMs / 24);
  for (; nowMs < startMs + 24 * HOUR_MS; nowMs += TICK_MS) {
    const isHour = (nowMs - startMs) % HOUR_MS === 0;
    if (isHour) say(`${(nowMs - startMs) / HOUR_MS} h of the day, ${next} webhooks`);
    let isBusy = isHour;
    for (;;) {
      const due: DrawnEvent[] = [];
      while (due.length < PLAN_AT_ONCE) {
        const event = events[next];
        if (!event || startMs + event.atMs > nowMs) break;
        due.push(event);
        next += 1;
      }
      if (due.length === 0) break;
      await plan(due);
    }
    for (;;) {
      const [first] = underWay.sort((a, b) => a.endMs - b.endMs);
      if (!first || first.endMs > nowMs) break;
      underWay.shift();
      await end(first);
      isBusy = true;
    }
    if ((nowMs - startMs) % reconcile.intervalMs === 0) {
      const passedAt = now();
      await reconcile.pass({
        now: passedAt,
        lastPassedAt: reconciledAt,
        signal: new AbortController().signal,
        write: (work) => db.transaction().execute(work),
      });
      reconciledAt = passedAt;
      isBusy = true;
    }
    if (isBusy || nowMs >= nextDueMs) {
      await dispatch();
      nextDueMs = (await findNextDue(db, now()))?.getTime() ?? Number.POSITIVE_INFINITY;
    }
  }
  const seconds = (performance.now() - begunAt) / 1_000;

  const { rows: jobs } = await sql<Day['jobs'][number]>`
    SELECT processor_type AS processor, rule, count(*)::integer AS jobs FROM progressive_capture_jobs
    WHERE status = 'completed' AND created_at >= ${new Date(startMs)} GROUP BY 1, 2 ORDER BY 1, 3 DESC`.execute(
    db,
  );
  const { rows: left } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM progressive_capture_jobs WHERE status <> 'completed'`.execute(db);
  const minutesOf = (run: { startMs: number; endMs: number }) =>
    Math.ceil((run.endMs - run.startMs) / BILLED_MS);
  return {
    ...{ jobs, hours, inngestRuns, seconds },
    left: left[0]?.count ?? 0,
    workflowRuns: workflowRuns.size,
    actionsMinutes: [...workflowRuns.values()].reduce((sum, run) => sum + minutesOf(run), 0),
    latencies: latencies.sort((a, b) => a - b),
    bytesOfJobs: (await databaseBytes(db)) - bytesBefore,
  };
}

function bulkConfig(): Config {
  const loaded = loadConfig({
    CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
    PUBLIC_URL: 'https://capture.example.com',
    INNGEST_DEV: '1',
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function itemOf({ repository, pullRequest, atMs }: DrawnEvent, startMs: number): WorkItem {
  const at = new Date(startMs + atMs);
  const isPush = pullRequest === null;
  return {
    repository: {
      id: repository.id,
      fullName: repository.fullName,
      installationId: INSTALLATION,
      isPrivate: true,
    },
    type: isPush ? 'branch_commits' : 'pull_requests',
    items: isPush ? [] : [pullRequest],
    range: { since: at, until: at },
    include: [isPush ? 'commits' : 'pull-requests'],
    reason: 'webhook',
    isCritical: false,
  };
}

/** Repositories of one installation, each with a complete capture of its history. */
async function insertCaptured(
  db: Database,
  repositories: Organisation['repositories'],
  at: Date,
): Promise<void> {
  await sql`INSERT INTO installations (id, account_id, account_login, account_type)
    VALUES (${INSTALLATION}, ${ACCOUNT}, 'acme', 'Organization')`.execute(db);
  await sql`INSERT INTO repositories (id, full_name, installation_id, is_private, pull_requests_count)
    SELECT id, "fullName", ${INSTALLATION}, true, "pullRequests"
    FROM jsonb_to_recordset(${JSON.stringify(repositories)}::jsonb) AS r (id bigint, "fullName" text, "pullRequests" integer)`.execute(
    db,
  );
  await sql`INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason, processor_type,
      rule, enrolment_reason, arm, rollout_epoch, rollout_phase, rollout_version, status, created_at, started_at, completed_at, result)
    SELECT id, installation_id, 'history', 'history', '{pull-requests}', 'installation', 'github_actions', 'historical',
      'everybody', 'enrolled', 1, 0, 1, 'completed', ${at}, ${at}, ${at}, '{"complete": true, "gaps": 0}'
    FROM repositories`.execute(db);
  await sql`ANALYZE`.execute(db);
}

async function databaseBytes(db: Database): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`SELECT pg_database_size(current_database()) AS bytes`.execute(
    db,
  );
  return Number(rows[0]?.bytes ?? 0);
}
