import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningSandbox } from '../../sandbox/github.ts';
import { capture } from '../../src/capture/capture.ts';
import type { CaptureDestination, CaptureRow } from '../../src/destination/destination.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { type Comparison, createComparer } from '../compare-rows.ts';
import { captureNaively } from '../naive-client.ts';
import { type History, makeHistory, REPOSITORY, startGithub } from '../start-github.ts';
import { summarizeRequests } from '../summarize-requests.ts';
import { type SkippedWaits, skipWaits } from './skip-waits.ts';

/** What is to be measured; the first argument of the command line, as JSON. */
export interface MeasureTask {
  /** The engine of `src/capture/`; the client to compare with; one that only shows that the clock is right. */
  client: 'engine' | 'naive' | 'serial';
  pullRequests: number;
  seed: number;
}

/** What came out. Times are milliseconds of the local GitHub's clock. */
export interface Measured extends ReturnType<typeof summarizeRequests> {
  pullRequests: number;
  wallMs: number;
  /** Of that, what a client that waits for limits says that it waited. */
  waitedMs: number;
  /** Rows against the truth; null where none were captured. */
  comparison: Comparison | null;
}

/** What is sent to the process that asked. */
export type MeasureMessage =
  | { kind: 'progress'; done: number }
  | { kind: 'end'; measured: Measured }
  | { kind: 'failure'; message: string };

const UNLIMITED = Number.POSITIVE_INFINITY;
const tell = (message: MeasureMessage) => void process.send?.(message);

type Client = (history: History, github: RunningSandbox, token: string) => Promise<Run>;
interface Run {
  rows: Iterable<Pick<CaptureRow, 'row'> & { table: string }> | null;
  waitedMs: number;
}

const CLIENTS: Record<MeasureTask['client'], Client> = {
  async engine(history, { apiUrl, graphqlUrl }, token) {
    const rows: CaptureRow[] = [];
    const destination: CaptureDestination = {
      open: async () => ({ checkpoint: null, sequence: 0 }),
      write: async (batch) => {
        rows.push(...batch.rows);
        return { next: 'continue' };
      },
      findGaps: async () => ({ numbers: [], gaps: [] }),
      close: async () => {},
    };
    const result = await capture({
      target: {
        repository: { ...REPOSITORY, id: history.repository.id },
        ...{ type: 'history', items: [], since: null, until: null, include: ['pull-requests'] },
      },
      github: createGitHubClient({ apiUrl, graphqlUrl, token: async () => token, userAgent: 'bench' }),
      destination,
      log: () => {},
      onProgress: ({ done }) => tell({ kind: 'progress', done }),
    });
    const { status, gaps, warnings } = result;
    if (status !== 'complete') throw new Error(`it ended as ${JSON.stringify({ status, gaps, warnings })}`);
    return { rows, waitedMs: 0 };
  },

  async naive(_history, { graphqlUrl, clock }, token) {
    const rows: { table: string; row: Record<string, unknown> }[] = [];
    const { waitedMs } = await captureNaively({
      ...{ graphqlUrl, token, repository: REPOSITORY, now: clock.now, wait: (ms) => sleep(ms) },
      onRow: (table, row) => rows.push({ table, row }),
      onProgress: (done) => tell({ kind: 'progress', done }),
    });
    return { rows, waitedMs };
  },

  /** One query after the other, and short answers, so that reading them is no part of what is measured. */
  async serial({ pullRequests }, { graphqlUrl }, token) {
    for (let asked = 0; asked < pullRequests; asked += 60) {
      const response = await fetch(graphqlUrl, {
        method: 'POST',
        headers: { authorization: `bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          query: `{ repository(owner: "acme", name: "history") {
            pullRequests(first: 60) { nodes { number comments(first: 100) { totalCount } } } } }`,
        }),
      });
      if (response.status !== 200) throw new Error(await response.text());
      tell({ kind: 'progress', done: asked });
    }
    return { rows: null, waitedMs: 0 };
  },
};

async function measure(task: MeasureTask, { clock }: Pick<SkippedWaits, 'clock'>): Promise<Measured> {
  const history = makeHistory(task.pullRequests, task.seed);
  // The serial client only shows that the clock is right: it leaves no gaps, so it would soon be refused.
  const limits =
    task.client === 'serial' ? { graphqlMsPerMinute: UNLIMITED, totalMsPerMinute: UNLIMITED } : {};
  const { github, token } = await startGithub(history, { clock, limits });
  try {
    // The first answer of a process takes as long as hundreds of others: it compiles the schema.
    await fetch(github.graphqlUrl, {
      method: 'POST',
      headers: { authorization: `bearer ${token}` },
      body: JSON.stringify({ query: '{ rateLimit { cost } }' }),
    });
    const before = github.requests.length;
    const startedAt = clock.now();
    const { rows, waitedMs } = await CLIENTS[task.client](history, github, token);
    const wallMs = clock.now() - startedAt;
    let comparison: Comparison | null = null;
    if (rows !== null) {
      const comparer = createComparer(history.truth);
      for (const { table, row } of rows) comparer.see(table, row);
      comparison = comparer.compare();
    }
    const summary = summarizeRequests(github.requests.slice(before));
    return { pullRequests: task.pullRequests, wallMs, waitedMs, ...summary, comparison };
  } finally {
    await github.close();
  }
}

const skipped = skipWaits();
try {
  const task = JSON.parse(process.argv[2] ?? '{}') as MeasureTask;
  tell({ kind: 'end', measured: await skipped.run(() => measure(task, skipped)) });
} catch (error) {
  tell({ kind: 'failure', message: error instanceof Error ? String(error.stack) : String(error) });
}
process.disconnect?.();
