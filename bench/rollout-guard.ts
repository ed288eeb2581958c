import { parseArgs } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import { judgeSequential, judgeThreshold } from '../src/rollout/guard/judge-arms.ts';
import { runGuard } from '../src/rollout/guard/run-guard.ts';
import { ensureRollout, GUARD_MODES, type GuardMode, readRollout } from '../src/rollout/rollout-store.ts';
import type { Database } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { fromPglite, PGLITE_PARSERS } from '../src/store/open-pglite.ts';

/**
 * How often the guard's three modes roll back a rollout, by the true error rate of its jobs: false alarms where it is
 * within the limit, detection where it is above. Prints Markdown tables; the same seed gives the same tables.
 *
 *     npm run bench:guard [-- --paths 20000 --seed 1]
 */
const { values } = parseArgs({
  options: { paths: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const PATHS = Number(values.paths);
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3];
const SETTINGS = { maxErrorRate: 5, minJobs: 10, sequentialAlpha: 0.05, epoch: 1 };
const JOBS = 500;
/** A month of a busy rollout: so many windows, each of so many jobs. */
const WINDOWS = 30;
const WINDOW_JOBS = 100;

type Random = () => number;

const print = (line: string) => process.stdout.write(`${line}\n`);

/** mulberry32: small, and good enough to draw coins with. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The product's own verdicts, each computed once for each number of jobs and errors. */
function verdicts() {
  const kept = new Map<number, { threshold: boolean; sequential: boolean }>();
  return (jobs: number, errors: number) => {
    const key = jobs * 10_000 + errors;
    let verdict = kept.get(key);
    if (!verdict) {
      verdict = {
        threshold: judgeThreshold({ jobs, errors }, SETTINGS).breached,
        sequential: judgeSequential({ jobs, errors }, SETTINGS, { repositories: 1, errorsOf: [] }).breached,
      };
      kept.set(key, verdict);
    }
    return verdict;
  };
}
const judge = verdicts();

interface Path {
  /** Job after which a mode rolled back, or holds; null: never. */
  rollback: Record<GuardMode, number | null>;
  hold: number | null;
}

/** One rollout, looked at after every job: `window` jobs count for the threshold, all of them for the sequential test. */
function walk(random: Random, errorRate: number, jobs: number, window: number): Path {
  const path: Path = { rollback: { threshold: null, sequential: null, both: null }, hold: null };
  const inWindow: boolean[] = [];
  let windowErrors = 0;
  let errors = 0;
  for (let job = 1; job <= jobs; job++) {
    const isError = random() < errorRate;
    inWindow.push(isError);
    errors += Number(isError);
    windowErrors += Number(isError);
    if (inWindow.length > window) windowErrors -= Number(inWindow.shift());
    const threshold = judge(inWindow.length, windowErrors).threshold;
    const sequential = judge(job, errors).sequential;
    if (threshold) path.rollback.threshold ??= job;
    if (threshold) path.hold ??= job;
    if (sequential) path.rollback.sequential ??= job;
    if (path.rollback.threshold !== null && path.rollback.sequential !== null) break;
  }
  // In `both` the sequential test alone rolls back; what the threshold holds still runs and is judged.
  path.rollback.both = path.rollback.sequential;
  return path;
}

function describe(jobsUntil: (number | null)[]): string {
  const hits = jobsUntil.filter((job) => job !== null).sort((a, b) => a - b);
  const share = (hits.length / jobsUntil.length) * 100;
  const median = hits[Math.floor(hits.length / 2)];
  return `${share.toFixed(1)} %${median === undefined ? '' : ` (${median})`}`;
}

function simulate(jobs: number, window: number): void {
  print('| true error rate | `threshold` | `sequential` | `both`: rolled back | `both`: held first |');
  print('|---|---|---|---|---|');
  for (const errorRate of RATES) {
    const random = seeded(Number(values.seed) + Math.round(errorRate * 1_000));
    const paths = Array.from({ length: PATHS }, () => walk(random, errorRate, jobs, window));
    const cells = GUARD_MODES.map((mode) => describe(paths.map((path) => path.rollback[mode])));
    const held = describe(
      paths.map(({ hold, rollback }) => (hold !== null && hold < (rollback.both ?? Infinity) ? hold : null)),
    );
    const kind = errorRate < 0.05 ? ', healthy' : errorRate === 0.05 ? ', the limit' : '';
    print(`| ${errorRate * 100} %${kind} | ${cells.join(' | ')} | ${held} |`);
  }
}

const BATCH = 25;
const REAL_JOBS = 500;
const REAL_ROLLOUTS = 20;

/** A rollout whose jobs end batch by batch, with a look of the real guard after each, in a real database. */
async function throughTheGuard(
  db: Database,
  mode: GuardMode,
  errorRate: number,
  random: Random,
): Promise<{ end: 'rollback' | 'hold' | 'none'; jobs: number }> {
  await sql`DELETE FROM repositories`.execute(db);
  await sql`DELETE FROM rollout_configuration`.execute(db);
  await ensureRollout(db, {
    percentage: 100,
    strategy: 'percentage',
    autoRollback: true,
    maxErrorRate: SETTINGS.maxErrorRate,
    environmentStop: false,
  });
  await sql`UPDATE rollout_configuration SET guard_mode = ${mode}`.execute(db);
  await sql`INSERT INTO repositories (id, full_name, installation_id)
    SELECT id, 'acme/r' || id, 7 FROM generate_series(1, 50) AS id`.execute(db);
  for (let jobs = BATCH; jobs <= REAL_JOBS; jobs += BATCH) {
    const outcomes = Array.from({ length: BATCH }, () => ({
      repository: 1 + Math.floor(random() * 50),
      failed: random() < errorRate,
    }));
    await sql`
      WITH ended AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) AS o(repository bigint, failed boolean)),
      jobs AS (INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason,
          processor_type, rule, enrolment_reason, is_exposed, is_bulk, arm, rollout_epoch, rollout_phase, rollout_version,
          status, completed_at)
        SELECT repository, 7, 'history', 'history', '{pull-requests}', 'scheduled', 'github_actions', 'historical',
          'everybody', true, true, 'enrolled', 1, 4, 1, CASE WHEN failed THEN 'failed' ELSE 'completed' END, now()
        FROM ended RETURNING id, repository_id, status)
      INSERT INTO rollout_metrics (job_id, repository_id, processor_type, outcome, exposed, arm, epoch, phase,
          success_count, error_count, average_processing_time)
      SELECT id, repository_id, 'github_actions', CASE WHEN status = 'failed' THEN 'failure' ELSE 'success' END, true,
        'enrolled', 1, 4, (status = 'completed')::integer, (status = 'failed')::integer, 1 FROM jobs`.execute(
      db,
    );
    const { decision, error } = await runGuard(db, { environmentStop: false, maxActionsMinutes: null });
    if (error) throw error;
    if (decision.kind === 'rollback') {
      const { state, percentage } = await readRollout(db, { environmentStop: false });
      if (state !== 'rolled_back' || percentage !== 0) throw new Error('the rollback did not take effect');
      return { end: 'rollback', jobs };
    }
    // Other holds end by themselves when enough jobs are in.
    if (decision.kind === 'hold' && decision.isLasting) return { end: 'hold', jobs };
  }
  return { end: 'none', jobs: REAL_JOBS };
}

async function throughTheDatabase(): Promise<void> {
  const database = fromPglite(await PGlite.create({ parsers: PGLITE_PARSERS }));
  await migrate(database.db);
  print('| true error rate | `threshold` | `sequential` | `both` |');
  print('|---|---|---|---|');
  for (const errorRate of [0.01, 0.02, 0.1, 0.2]) {
    const cells: string[] = [];
    for (const mode of GUARD_MODES) {
      const random = seeded(Number(values.seed) + Math.round(errorRate * 1_000));
      const ends: Awaited<ReturnType<typeof throughTheGuard>>[] = [];
      for (let rollout = 0; rollout < REAL_ROLLOUTS; rollout++) {
        ends.push(await throughTheGuard(database.db, mode, errorRate, random));
      }
      const until = (end: 'rollback' | 'hold') => ends.map((one) => (one.end === end ? one.jobs : null));
      cells.push(
        `${describe(until('rollback'))} rolled back${mode === 'both' ? `, ${describe(until('hold'))} held first` : ''}`,
      );
    }
    print(`| ${errorRate * 100} % | ${cells.join(' | ')} |`);
  }
  await database.close();
}

print(
  `Chance of a rollback within ${JOBS} jobs (median job of it), looked at after every job; ${PATHS} rollouts each:\n`,
);
simulate(JOBS, JOBS);
print(
  `\nThe same over ${WINDOWS} windows of ${WINDOW_JOBS} jobs, where the threshold sees the last window alone:\n`,
);
simulate(WINDOWS * WINDOW_JOBS, WINDOW_JOBS);
print(
  `\nThe whole guard on a database: ${REAL_ROLLOUTS} rollouts each, ${REAL_JOBS} jobs of 50 repositories, looked at after every ${BATCH}:\n`,
);
await throughTheDatabase();
