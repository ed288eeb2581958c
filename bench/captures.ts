import type { BenchContext } from './figure.ts';
import { type CaptureRun, runCapture } from './run-capture.ts';
import { type History, makeHistory } from './start-github.ts';

/** Captures that were measured, by the length of the history; each is made once for all figures that look at it. */
export interface Captures {
  history(pullRequests: number): History;
  /** As many runs as asked for, on the same history, each with a server of its own. */
  runs(pullRequests: number, times: number): Promise<CaptureRun[]>;
}

export function createCaptures(context: Omit<BenchContext, 'captures'>): Captures {
  const histories = new Map<number, History>();
  const measured = new Map<number, CaptureRun[]>();
  const captures: Captures = {
    history(pullRequests) {
      let history = histories.get(pullRequests);
      if (history === undefined) {
        history = makeHistory(pullRequests, context.seed);
        histories.set(pullRequests, history);
      }
      return history;
    },
    async runs(pullRequests, times) {
      const runs = measured.get(pullRequests) ?? [];
      measured.set(pullRequests, runs);
      while (runs.length < times) {
        const what = `capture ${runs.length + 1} of ${times} of ${pullRequests} pull requests`;
        context.say(what);
        const folder = await context.folder('capture');
        const say = (text: string) => context.say(`${what}: ${text}`);
        runs.push(await runCapture(captures.history(pullRequests), { speed: context.speed, folder, say }));
      }
      return runs.slice(0, times);
    },
  };
  return captures;
}
