import { once } from 'node:events';
import type { RunningApp } from '../app/create-app.ts';
import { StartProblem } from '../app/start-problem.ts';
import { lastAttempt } from '../sandbox/runner/workflow-run.ts';
import { fullName } from '../sandbox/world/model.ts';
import type { Config } from '../src/config/config.ts';
import type { Job } from '../src/jobs/job.ts';
import { planWork } from '../src/jobs/plan-work.ts';
import { readRollout } from '../src/rollout/rollout-store.ts';
import { bulkAvailability } from '../src/route/bulk-availability.ts';
import { showClosingTables } from './closing-tables.ts';
import { compareWithTruth, isExact } from './compare.ts';
import { liveChanges } from './live-changes.ts';
import type { DemoOptions } from './options.ts';
import { startDemoApp } from './start-demo-app.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { buildTown, type Town } from './town.ts';
import { watchJobs } from './watch-jobs.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

interface Scene {
  town: Town;
  app: RunningApp;
  config: Config;
  terminal: Terminal;
  watchdog: Watchdog;
}

/**
 * Tells the whole story once. Resolves to whether the database holds exactly what the local GitHub holds.
 * @throws what keeps it from being told, and the reason of `stop`, which breaks it off
 */
export async function tellStory(options: DemoOptions, stop: AbortController): Promise<boolean> {
  const startedMs = Date.now();
  const watchdog = createWatchdog(stop);
  const terminal = createTerminal();
  const stage = (title: string) => {
    stop.signal.throwIfAborted();
    watchdog.see(title);
    terminal.stage(title);
  };
  stage('A local GitHub, with a history');
  const town = await buildTown(options.dataset);
  const { sandbox, captured } = town;
  const stopRunner = () => void sandbox.runner.close();
  stop.signal.addEventListener('abort', stopRunner);
  try {
    const pulls = captured.pulls.size.toLocaleString('en-US');
    terminal.line(`   ${sandbox.webUrl} holds ${fullName(captured)}: ${pulls} pull requests`);

    stage('The app, with a database');
    const dataDir = process.env.DATABASE_URL ? null : `.data/demo-${startedMs}`;
    const { app, config } = await startDemoApp(town, { port: options.port, dataDir });
    try {
      await refuseUsedDatabase(app);
      terminal.line(`   ${app.url}/monitor to watch; rows in ${dataDir ?? 'the database of DATABASE_URL'}`);
      const scene = { town, app, config, terminal: { ...terminal, stage }, watchdog };
      await install(scene);
      await include(scene);
      await changeLive(scene);
      await redeliver(scene);
      await verify(scene);
      const exact = await compare(scene, startedMs);
      if (!options.exit) {
        watchdog.end();
        terminal.line(`\n   The monitor stays open at ${app.url}/monitor (Ctrl-C ends it).`);
        if (!stop.signal.aborted) await once(stop.signal, 'abort');
      }
      return exact;
    } finally {
      await app.close();
    }
  } finally {
    watchdog.end();
    stop.signal.removeEventListener('abort', stopRunner);
    await sandbox.close();
  }
}

/** Rows of an earlier demo would mix with this one's. */
async function refuseUsedDatabase({ db }: RunningApp): Promise<void> {
  const used = await db.selectFrom('repositories').select('full_name').limit(1).executeTakeFirst();
  if (used === undefined) return;
  throw new StartProblem(
    `The database of DATABASE_URL already holds ${used.full_name}: give the demo an empty one (DATABASE_SCHEMA=demo makes one beside it), or unset DATABASE_URL.`,
  );
}

async function install({ town, app, terminal, watchdog }: Scene): Promise<void> {
  terminal.stage('The App is installed: each repository is classified, recent work starts, history waits');
  const { sandbox, captured, jobs, control, admin } = town;
  const { delivery } = await sandbox.change.install([jobs, control.repository, captured], admin);
  terminal.line(`   webhook installation.created: ${delivery?.statusCode ?? 'not delivered'}`);
  showJobs(terminal, await watchJobs({ db: app.db, town, terminal, watchdog }));
}

async function include({ town, app, terminal, watchdog }: Scene): Promise<void> {
  const text = `/rollout include ${fullName(town.captured)} show it`;
  terminal.stage(`A comment in ${fullName(town.control.repository)}: ${text}`);
  const { sandbox, control, admin } = town;
  const before = control.comments.length;
  await sandbox.change.comment(control, admin, text);
  await app.idle();
  const reply = control.comments.slice(before).find((comment) => comment.author?.login !== admin);
  // Without what is folded away.
  for (const line of reply?.body.split('<details>')[0]?.split('\n') ?? ['no reply']) {
    if (line !== '' && !line.startsWith('<!--')) terminal.line(`   | ${line}`);
  }
  const done = await watchJobs({ db: app.db, town, terminal, watchdog });
  await sandbox.runner.idle();
  for (const run of sandbox.runner.runs.values()) {
    terminal.line(
      `   workflow run ${run.id} "${run.displayTitle}": ${lastAttempt(run).conclusion ?? lastAttempt(run).status}`,
    );
  }
  showJobs(terminal, done);
}

async function changeLive({ town, app, terminal, watchdog }: Scene): Promise<void> {
  terminal.stage('Live: people open, review, comment, merge, delete');
  const before = town.sandbox.deliveries.length;
  await liveChanges(town);
  const sent = town.sandbox.deliveries.slice(before);
  const jobs = await watchJobs({ db: app.db, town, terminal, watchdog });
  const guids = new Set(sent.map(({ guid }) => guid));
  const fromThem = jobs.filter(({ delivery_id: guid }) => guid !== null && guids.has(guid));
  terminal.line(`   ${sent.length} webhooks, ${fromThem.length} jobs: events of one item come together`);
  showJobs(terminal, fromThem);
}

async function redeliver({ town, app, terminal, watchdog }: Scene): Promise<void> {
  terminal.stage('A webhook is delivered again: nothing changes');
  const first = town.sandbox.deliveries.find(({ event }) => event === 'pull_request');
  if (!first) throw new Error('no pull request event was delivered');
  const before = await watchJobs({ db: app.db, town, terminal, watchdog });
  const again = await town.sandbox.redeliver(first.id);
  const after = await watchJobs({ db: app.db, town, terminal, watchdog });
  terminal.line(
    `   ${again.guid}: ${again.statusCode}, jobs ${before.length} before and ${after.length} after`,
  );
  if (before.length !== after.length) throw new Error('a redelivered webhook made a job');
}

async function verify({ town, app, config, terminal, watchdog }: Scene): Promise<void> {
  terminal.stage("Verification: GitHub's own totals against the rows, in a workflow run");
  const { captured } = town;
  const planned = await app.db.transaction().execute(async (trx) => {
    const stored = await trx
      .selectFrom('repositories')
      .select(['installation_id', 'is_private'])
      .where('id', '=', captured.id)
      .executeTakeFirstOrThrow();
    const repository = {
      id: captured.id,
      fullName: fullName(captured),
      installationId: stored.installation_id ?? 0,
      isPrivate: stored.is_private,
    };
    return planWork(
      trx,
      [
        {
          repository,
          type: 'verify',
          items: [],
          range: {},
          include: ['pull-requests'],
          reason: 'manual',
          isCritical: false,
        },
      ],
      {
        now: new Date(),
        config,
        rollout: await readRollout(trx, { environmentStop: false }),
        bulkFor: (of) => bulkAvailability(config, of, 'private'),
      },
    );
  });
  app.dispatchLoop.poke();
  const ids = new Set(planned.map((plan) => (plan.outcome === 'skipped' ? null : plan.job.id)));
  const jobs = await watchJobs({ db: app.db, town, terminal, watchdog });
  showJobs(
    terminal,
    jobs.filter(({ id }) => ids.has(id)),
  );
  const gaps = await app.db
    .selectFrom('capture_gaps')
    .selectAll()
    .where('repository_id', '=', captured.id)
    .execute();
  terminal.line(`   capture_gaps in SQL: ${gaps.length === 0 ? 'none' : JSON.stringify(gaps)}`);
}

async function compare({ town, app, terminal, watchdog }: Scene, startedMs: number): Promise<boolean> {
  terminal.stage('Every row, against what the local GitHub holds');
  const { captured, sandbox } = town;
  const jobs = await watchJobs({ db: app.db, town, terminal, watchdog });
  const comparisons = await compareWithTruth(app.db, captured.id, sandbox.truth(captured.id));
  showClosingTables(terminal, { jobs, comparisons, town, seconds: (Date.now() - startedMs) / 1000 });
  for (const { table, missing, surplus } of comparisons) {
    for (const row of missing.slice(0, 3)) terminal.line(`   ${table}: missing ${row.slice(0, 300)}`);
    for (const row of surplus.slice(0, 3)) terminal.line(`   ${table}: surplus ${row.slice(0, 300)}`);
  }
  const failed = jobs.filter(({ status }) => status !== 'completed');
  for (const job of failed)
    terminal.line(`   job ${job.id} is ${job.status}: ${job.error ?? job.status_reason ?? ''}`);
  const exact = comparisons.every(isExact) && failed.length === 0;
  terminal.line(exact ? '\n   Everything is exact.' : '\n   NOT exact: see above.');
  return exact;
}

function showJobs(terminal: Terminal, jobs: readonly Job[]): void {
  for (const job of jobs) {
    const what = job.items.length > 0 ? ` ${job.items.map((number) => `#${number}`).join(' ')}` : '';
    const why = job.status_reason ?? job.error;
    terminal.line(
      `   ${job.job_type}${what}: ${job.status}${why ? ` (${why})` : ''}, by ${job.processor_type}, rule ${job.rule}`,
    );
  }
}
