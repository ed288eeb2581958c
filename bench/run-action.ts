import type { ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InputName } from '../action/inputs.ts';
import type { RunningSandbox } from '../sandbox/github.ts';
import type { Bundle, BundleRun } from '../test/action/run-bundle.ts';
import { fastTime } from './fast-time.ts';
import { REPOSITORY } from './start-github.ts';

export interface ActionOptions {
  bundle: Bundle;
  github: RunningSandbox;
  inputs: Partial<Record<InputName, string>>;
  env?: Record<string, string>;
  onStart?: (child: ChildProcess) => void;
}

export interface ActionRun extends BundleRun {
  /** Peak resident memory of the process; null where a signal ended it. */
  peakBytes: number | null;
}

/** Runs the packaged Action of `dist/` for the bench's history, in a process whose time runs with the local GitHub's. */
export async function runAction({
  bundle,
  github,
  inputs,
  env = {},
  onStart,
}: ActionOptions): Promise<ActionRun> {
  const peakFile = join(bundle.folder, 'peak');
  await rm(peakFile, { force: true });
  const run = await bundle.run({
    inputs,
    env: {
      GITHUB_API_URL: github.apiUrl,
      GITHUB_GRAPHQL_URL: github.graphqlUrl,
      GITHUB_REPOSITORY: `${REPOSITORY.owner}/${REPOSITORY.name}`,
      ...fastTime(github, ['peak-memory']),
      BENCH_PEAK_FILE: peakFile,
      ...env,
    },
    ...(onStart && { onStart }),
  });
  const peak = await readFile(peakFile, 'utf8').catch(() => null);
  return { ...run, peakBytes: peak === null ? null : Number(peak) };
}

/** The last lines of a log, for the message of a run that failed. */
export const endOf = (log: string): string => log.trimEnd().split('\n').slice(-8).join('\n');
