import { createWriteStream } from 'node:fs';
import process from 'node:process';
import { type CaptureResult, capture } from '../../src/capture/capture.ts';
import type { CaptureDestination } from '../../src/destination/destination.ts';
import { createGitHubClient } from '../../src/github/client.ts';

/** What a capture in a process of its own is to do; the first argument of the command line, as JSON. */
export interface CaptureTask {
  apiUrl: string;
  graphqlUrl: string;
  token: string;
  repository: { owner: string; name: string; id: number };
  /** Where the rows go: one JSON object a line, `{table, row}`. */
  rowsFile: string;
}

/** What it sends to the process that started it. */
export type CaptureMessage =
  | { kind: 'progress'; done: number; total: number | null }
  /** Times are the process's own, which runs as fast as the local GitHub's. */
  | { kind: 'end'; startedAt: number; endedAt: number; result: Pick<CaptureResult, Told> }
  | { kind: 'failure'; message: string };
type Told = 'status' | 'pullRequests' | 'rows' | 'points' | 'requests' | 'gaps' | 'warnings';

const task = JSON.parse(process.argv[2] ?? '{}') as CaptureTask;
const tell = (message: CaptureMessage) => void process.send?.(message);

try {
  const { apiUrl, graphqlUrl, token, repository } = task;
  const { destination, end } = writeRows(task.rowsFile);
  const startedAt = Date.now();
  const result = await capture({
    target: {
      repository,
      type: 'history',
      items: [],
      since: null,
      until: null,
      include: ['pull-requests'],
    },
    github: createGitHubClient({ apiUrl, graphqlUrl, token: async () => token, userAgent: 'bench' }),
    destination,
    log: () => {},
    onProgress: ({ done, total }) => tell({ kind: 'progress', done, total }),
  });
  const endedAt = Date.now();
  await end();
  const { status, pullRequests, rows, points, requests, gaps, warnings } = result;
  tell({
    kind: 'end',
    ...{ startedAt, endedAt },
    result: { status, pullRequests, rows, points, requests, gaps, warnings },
  });
} catch (error) {
  tell({ kind: 'failure', message: error instanceof Error ? String(error.stack) : String(error) });
}
process.disconnect?.();

/** A destination that takes next to no time, since real time weighs much here: rows go to a file, nothing is synced. */
function writeRows(path: string): { destination: CaptureDestination; end(): Promise<void> } {
  const file = createWriteStream(path);
  const write = (text: string) =>
    new Promise<void>((resolve, reject) => {
      file.write(text, (error) => (error ? reject(error) : resolve()));
    });
  return {
    destination: {
      open: async () => ({ checkpoint: null, sequence: 0 }),
      async write({ rows }) {
        await write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        return { next: 'continue' };
      },
      findGaps: async () => ({ numbers: [], gaps: [] }),
      close: async () => {},
    },
    end: () => new Promise((resolve) => file.end(resolve)),
  };
}
