import type { BenchContext } from './figure.ts';
import { measureInProcess } from './measure-in-process.ts';
import type { Measured } from './process/measure.ts';
import { type History, makeHistory } from './start-github.ts';

/** A capture that was measured: its rows were compared. */
export type CaptureRun = Measured & { comparison: NonNullable<Measured['comparison']> };

/** What several figures look at, made once. */
export interface Captures {
  history(pullRequests: number): History;
  /** As many captures as asked for, of the same history. */
  runs(pullRequests: number, times: number): Promise<CaptureRun[]>;
}

export function createCaptures({ seed, say }: Pick<BenchContext, 'seed' | 'say'>): Captures {
  const histories = new Map<number, History>();
  const measured = new Map<number, CaptureRun[]>();
  return {
    history(pullRequests) {
      const history = histories.get(pullRequests) ?? makeHistory(pullRequests, seed);
      histories.set(pullRequests, history);
      return history;
    },
    async runs(pullRequests, times) {
      const runs = measured.get(pullRequests) ?? [];
      measured.set(pullRequests, runs);
      while (runs.length < times) {
        const what = `capture ${runs.length + 1} of ${times}`;
        const run = await measureInProcess({ client: 'engine', pullRequests, seed }, (done) =>
          say(`${what}: ${done} of ${pullRequests} pull requests`),
        );
        const { comparison } = run;
        if (comparison === null) throw new Error('the capture was not compared');
        runs.push({ ...run, comparison });
      }
      return runs.slice(0, times);
    },
  };
}
