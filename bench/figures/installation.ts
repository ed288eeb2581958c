import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningApp } from '../../app/create-app.ts';
import { generateHistory } from '../../sandbox/generate.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { readable } from '../render-table.ts';
import { startApp } from '../start-app.ts';
import { startThrowAwayPostgres } from '../throw-away-postgres.ts';

const ROOT = new URL('../..', import.meta.url);
const WORKFLOW = '.github/workflows/bulk-capture.yml';
const RUNS = 8;
const OWNER = 'acme';
const POLL_MS = 500;
/** One after the other: a comment, a new pull request. */
const LIVE_EVERY_MS = 3_000;
/** Nothing here takes so long without a step forward. */
const PATIENCE_MS = 5 * 60_000;

/**
 * Whether the budget belongs to the installation: eight workflow runs of the packaged Action at once, each with its own
 * repository and process, and live work beside them, through the real app. On a real clock, for the database has no other.
 */
export const installation: Figure = {
  name: 'installation',
  about: `${RUNS} bulk runs of one installation and live traffic at once, through the app: requests refused`,
  async measure(context) {
    const postgres = await startThrowAwayPostgres();
    const github = await startSandbox({
      owner: OWNER,
      limits: { enforce: true },
      runner: { actionDirectory: ROOT.pathname },
    });
    try {
      const repositories = await fillOrganisation(context, github);
      const app = await startApp(github, {
        databaseUrl: await postgres.create({ isMigrated: false }),
        captureWorkflow: `${OWNER}/jobs/${WORKFLOW}@main`,
        runsAtOnce: RUNS,
      });
      try {
        return [await watch(context, github, app, repositories)];
      } finally {
        await github.runner.close();
        await app.close();
      }
    } finally {
      await github.close();
      await postgres.stop();
    }
  },
};

async function fillOrganisation(
  { sizes, seed }: BenchContext,
  github: RunningSandbox,
): Promise<Repository[]> {
  const { world } = github;
  const jobs = addRepository(world, `${OWNER}/jobs`, { isPrivate: true });
  jobs.contents.set(WORKFLOW, await readFile(new URL('workflows/bulk-capture.yml', ROOT), 'utf8'));
  return Array.from({ length: RUNS }, (_, index) => {
    const repository = addRepository(world, `${OWNER}/service-${index + 1}`);
    generateHistory(world, repository, { pullRequests: sizes.installation, seed: seed + index });
    return repository;
  });
}

async function watch(
  context: BenchContext,
  github: RunningSandbox,
  app: RunningApp,
  repositories: readonly Repository[],
) {
  const startedAt = Date.now();
  const jobsRepository = github.world.repositoryNamed(`${OWNER}/jobs`);
  jobsRepository.variables.set('HYBRID_CAPTURE_URL', app.url);
  const { installation: installed } = await github.change.install([jobsRepository, ...repositories], 'mona');
  const ended = new AbortController();
  const live = makeLiveChanges(github, repositories, ended.signal);
  let most = 0;
  try {
    most = await untilCaptured(context, app, repositories);
  } finally {
    ended.abort();
    await live;
  }
  const usage = github.stats().by[`installation:${installed.id}`];
  if (!usage) throw new Error('nothing was asked for the installation');
  const liveJobs = await app.db
    .selectFrom('progressive_capture_jobs')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('processor_type', '=', 'inngest')
    .where('status', '=', 'completed')
    .executeTakeFirstOrThrow();
  const requests = usage.graphqlRequests + usage.restRequests + usage.refused;
  const minutes = readable((Date.now() - startedAt) / 60_000, 1);
  return {
    figure: `requests refused, ${RUNS} runs of one installation and live traffic at once, ${readable(context.sizes.installation)} pull requests each`,
    measured: `${usage.refused} of ${readable(requests)} (${most} runs at once, ${liveJobs.count} live jobs, ${minutes} min)`,
    target: '0',
    isReached: usage.refused === 0,
  };
}

/** Waits for the history of every repository; returns how many workflow runs were under way at once, at most. */
async function untilCaptured(
  { say }: BenchContext,
  app: RunningApp,
  repositories: readonly Repository[],
): Promise<number> {
  let most = 0;
  let state = '';
  let changedAt = Date.now();
  for (;;) {
    const jobs = await app.db
      .selectFrom('progressive_capture_jobs')
      .select(['repository_id', 'status', 'status_reason', 'error', 'progress'])
      .where('processor_type', '=', 'github_actions')
      .execute();
    const failed = jobs.find(
      ({ status }) => !['queued', 'dispatched', 'running', 'completed'].includes(status),
    );
    if (failed) throw new Error(`a bulk job is ${failed.status}: ${failed.status_reason ?? failed.error}`);
    most = Math.max(most, jobs.filter(({ status }) => status === 'running').length);
    const done = new Set(
      jobs.filter(({ status }) => status === 'completed').map(({ repository_id: id }) => id),
    );
    if (repositories.every(({ id }) => done.has(id))) return most;
    const now = JSON.stringify(jobs);
    if (now !== state) changedAt = Date.now();
    state = now;
    if (Date.now() - changedAt > PATIENCE_MS) throw new Error(`nothing changes any more: ${now}`);
    say(`${done.size} of ${repositories.length} repositories captured, ${jobs.length} bulk jobs`);
    await sleep(POLL_MS);
  }
}

/** What people do meanwhile: each change is a webhook, and work for the app. */
async function makeLiveChanges(
  { change }: RunningSandbox,
  repositories: readonly Repository[],
  signal: AbortSignal,
): Promise<void> {
  for (let count = 0; !signal.aborted; count++) {
    const repository = repositories[count % repositories.length];
    const pull = repository && [...repository.pulls.values()].at(-1);
    if (!repository || !pull) throw new Error('there is no pull request to comment on');
    if (count % 4 === 3) await change.openPullRequest(repository, 'mona', { title: `Live ${count}` });
    else await change.comment(pull, 'hubot', `Live ${count}`);
    await sleep(LIVE_EVERY_MS);
  }
}
