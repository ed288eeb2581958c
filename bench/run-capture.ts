import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningSandbox } from '../sandbox/github.ts';
import type { RequestRecord } from '../sandbox/stats.ts';
import { type Comparison, createComparer } from './compare-rows.ts';
import type { CaptureMessage, CaptureTask } from './process/capture.ts';
import { readLines } from './read-lines.ts';
import { type History, REPOSITORY, startGithub } from './start-github.ts';
import { sum } from './statistics.ts';

const PROCESS = fileURLToPath(new URL('process/capture.ts', import.meta.url));

/** One capture of a whole history, as the local GitHub saw it. Times are milliseconds of its clock. */
export interface CaptureRun {
  pullRequests: number;
  wallMs: number;
  /** Service time of the model. */
  graphqlMs: number;
  restMs: number;
  points: number;
  graphqlRequests: number;
  restRequests: number;
  /** Refused for a primary or secondary limit. */
  refused: number;
  /** Captured rows against the truth. */
  comparison: Comparison;
}

/** Captures a history with the engine of `src/capture/`, in a process whose time runs with the local GitHub's clock. */
export async function runCapture(
  history: History,
  { speed, folder, say }: { speed: number; folder: string; say: (text: string) => void },
): Promise<CaptureRun> {
  const { github, token } = await startGithub(history, { speed });
  const rowsFile = join(folder, `rows-${history.pullRequests}.ndjson`);
  try {
    const { apiUrl, graphqlUrl } = github;
    const task: CaptureTask = {
      ...{ apiUrl, graphqlUrl, token, rowsFile },
      repository: { ...REPOSITORY, id: history.repository.id },
    };
    const end = await runProcess(task, github, say);
    if (end.result.status !== 'complete') {
      throw new Error(`the capture ended as ${end.result.status}: ${JSON.stringify(end.result)}`);
    }
    const comparer = createComparer(history.truth);
    for await (const { table, row } of readLines<{ table: string; row: Record<string, unknown> }>(rowsFile)) {
      comparer.see(table, row);
    }
    return {
      pullRequests: history.pullRequests,
      wallMs: end.endedAt - end.startedAt,
      ...summarize(github.requests),
      comparison: comparer.compare(),
    };
  } finally {
    await github.close();
    await rm(rowsFile, { force: true });
  }
}

/** What requests took of GitHub. */
export function summarize(requests: readonly RequestRecord[]) {
  const graphql = requests.filter(({ kind }) => kind === 'graphql');
  const rest = requests.filter(({ kind }) => kind === 'rest');
  return {
    graphqlMs: sum(graphql.map(({ serviceMs }) => serviceMs)),
    restMs: sum(rest.map(({ serviceMs }) => serviceMs)),
    points: sum(graphql.map(({ points }) => points)),
    graphqlRequests: graphql.length,
    restRequests: rest.length,
    refused: requests.filter(({ isRefused }) => isRefused).length,
  };
}

type End = Extract<CaptureMessage, { kind: 'end' }>;

async function runProcess(
  task: CaptureTask,
  github: RunningSandbox,
  say: (text: string) => void,
): Promise<End> {
  const child = fork(PROCESS, [JSON.stringify(task)], fastTime(github));
  let end: End | undefined;
  let failure: string | undefined;
  child.on('message', (message: CaptureMessage) => {
    if (message.kind === 'progress') say(`${message.done} of ${message.total} pull requests`);
    else if (message.kind === 'end') end = message;
    else failure = message.message;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (end === undefined) throw new Error(failure ?? `the capture's process ended with exit code ${code}`);
  return end;
}

/** What makes a process's time run with the local GitHub's clock. */
export function fastTime({ clock }: Pick<RunningSandbox, 'clock'>): {
  execArgv: string[];
  env: NodeJS.ProcessEnv;
} {
  const { startedAt, speed } = clock;
  return {
    execArgv: ['--import', preloadUrl('fast-time')],
    env: { ...process.env, BENCH_CLOCK: JSON.stringify({ startedAt, speed }) },
  };
}

export const preloadUrl = (name: 'fast-time' | 'peak-memory' | 'loaded-files'): string =>
  new URL(`process/${name}.mjs`, import.meta.url).href;
