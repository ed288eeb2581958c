import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { InputName } from '../../action/inputs.ts';
import type { RunningSandbox } from '../../sandbox/github.ts';
import type { Fault } from '../../sandbox/http/faults.ts';
import { startFakeJobsApi } from '../../test/action/fake-jobs-api.ts';
import { copyBundle } from '../../test/action/run-bundle.ts';
import { COMPARED_TABLES, type Comparison, createComparer, wrongRows } from '../compare-rows.ts';
import type { BenchContext, Figure, Measurement } from '../figure.ts';
import { readable } from '../render-table.ts';
import { endOf, runAction } from '../run-action.ts';
import { REPOSITORY, startGithub } from '../start-github.ts';
import { startThrowAwayPostgres, withOpenDatabase } from '../throw-away-postgres.ts';

/** What is compared does not depend on time, so the clock may run fast. */
const SPEED = 20;
const KILLS = 5;
/** So many requests from one fault to the next; fewer of a short history, to meet each kind. */
const EVERY = { full: 20, quick: 5 };
/** In turn. */
const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 502 },
  { kind: 'reset' },
  { kind: 'truncate' },
  { kind: 'secondary', retryAfterSeconds: 60 },
  { kind: 'unauthorized' },
];

/** Whether anything is lost or comes twice when everything goes wrong on the way. */
export const faults: Figure = {
  name: 'faults',
  about: 'rows missing or doubled, with a fault every 20 requests and 5 kills of the packaged Action',
  async measure(context) {
    return [await withTheApp(context), await toPostgres(context)];
  },
};

/** For a job: tokens can be renewed, and rows go over the Jobs API, whose other side keeps them in memory here. */
async function withTheApp(context: BenchContext): Promise<Measurement> {
  const history = context.captures.history(context.sizes.history);
  const { github } = await startGithub(history, { speed: SPEED });
  const api = await startFakeJobsApi();
  try {
    api.issueToken = () => github.tokens.issueUserToken(github.world.actor('reader'));
    const jobId = randomUUID();
    api.jobs.set(jobId, {
      jobId,
      type: 'history',
      repository: { id: history.repository.id, fullName: `${REPOSITORY.owner}/${REPOSITORY.name}` },
      ...{ items: [], since: null, until: null, include: ['pull-requests'] },
    });
    await runThroughFaults(context, github, FAULTS, {
      name: 'with the app',
      inputs: { 'app-url': api.url, 'job-id': jobId },
      env: {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${api.url}/oidc?v=1`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request',
      },
    });
    const comparer = createComparer(history.truth);
    for (const { rows } of api.batches) for (const { table, row } of rows) comparer.see(table, row);
    const what = `${api.tokens.length} tokens`;
    return describe('with the app', context, github, FAULTS, comparer.compare(), what);
  } finally {
    await api.close();
    await github.close();
  }
}

/** Alone: the token is what it is, so it does not expire here. */
async function toPostgres(context: BenchContext): Promise<Measurement> {
  const history = context.captures.history(context.sizes.history);
  const { github, token } = await startGithub(history, { speed: SPEED });
  const postgres = await startThrowAwayPostgres();
  try {
    const url = await postgres.create({ isMigrated: false });
    const met = FAULTS.filter(({ kind }) => kind !== 'unauthorized');
    await runThroughFaults(context, github, met, {
      name: 'to postgres://',
      inputs: { destination: url, 'github-token': token },
    });
    const comparer = createComparer(history.truth, { isOnce: true });
    await withOpenDatabase(url, async ({ db }) => {
      for (const table of COMPARED_TABLES) {
        const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db);
        for (const row of rows) comparer.see(table, row);
      }
    });
    return describe('to postgres://', context, github, met, comparer.compare(), 'rows of the database');
  } finally {
    await postgres.stop();
    await github.close();
  }
}

interface Mode {
  name: string;
  inputs: Partial<Record<InputName, string>>;
  env?: Record<string, string>;
}

/** Runs the Action until it ends well: the first five times it is killed, each time a sixth of the way further. */
async function runThroughFaults(
  { captures, sizes, isQuick, say }: BenchContext,
  github: RunningSandbox,
  met: readonly Fault[],
  mode: Mode,
): Promise<void> {
  const every = isQuick ? EVERY.quick : EVERY.full;
  for (const [index, fault] of met.entries()) {
    github.faults.add({
      when: ({ number }) => number % every === 0 && (number / every) % met.length === index,
      times: Number.POSITIVE_INFINITY,
      fault,
    });
  }
  const [undisturbed] = await captures.runs(sizes.history, 1);
  const requests = (undisturbed?.graphqlRequests ?? 0) + (undisturbed?.restRequests ?? 0);
  const bundle = await copyBundle();
  try {
    for (let kill = 1; ; kill++) {
      say(`the Action ${mode.name}, ${kill <= KILLS ? `to be killed, ${kill} of ${KILLS}` : 'to its end'}`);
      const after = github.requests.length + Math.max(1, Math.floor(requests / (KILLS + 1)));
      const { code, signal, log } = await runAction({
        bundle,
        github,
        ...mode,
        ...(kill <= KILLS && { onStart: (child) => void killAfter(child, github, after) }),
      });
      if (kill <= KILLS && signal === 'SIGKILL') continue;
      if (kill > KILLS && code === 0) return;
      throw new Error(`the Action ended with ${code ?? signal} on run ${kill}:\n${endOf(log)}`);
    }
  } finally {
    await bundle.remove();
  }
}

const POLL_MS = 2;

async function killAfter(child: ChildProcess, github: RunningSandbox, requests: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (github.requests.length >= requests) {
      child.kill('SIGKILL');
      return;
    }
    await sleep(POLL_MS);
  }
}

function describe(
  name: string,
  { sizes }: BenchContext,
  github: RunningSandbox,
  met: readonly Fault[],
  comparison: Comparison,
  of: string,
): Measurement {
  const wrong = wrongRows(comparison);
  const kinds = met.map((fault) => (fault.kind === 'status' ? fault.status : fault.kind)).join(', ');
  const example = wrong > 0 ? `: ${comparison.examples.join('; ')}` : '';
  return {
    figure: `rows missing, doubled or wrong, ${name}, ${readable(sizes.history)} pull requests, ${github.faults.met} faults (${kinds}), ${KILLS} kills`,
    measured: `${readable(wrong)} of ${readable(comparison.expected)} (${readable(github.requests.length)} requests, ${of})${example}`,
    target: '0',
    isReached: wrong === 0,
  };
}
