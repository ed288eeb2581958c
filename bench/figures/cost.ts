import type { CaptureRun } from '../captures.ts';
import { wrongRows } from '../compare-rows.ts';
import type { Figure, Measurement } from '../figure.ts';
import { readable } from '../render-table.ts';
import { minutesFor, sum } from '../statistics.ts';

const LARGE = 130_000;

/** What a history costs of GitHub: points, requests, service time; and that all of it arrives. */
export const cost: Figure = {
  name: 'cost',
  about: 'points, REST requests and service time of a history; minutes for 130,000 pull requests',
  async measure({ sizes, captures }) {
    const measurements: Measurement[] = [];
    for (const size of [sizes.history, sizes.long]) {
      const [run] = await captures.runs(size, 1);
      const pulls = [...captures.history(size).repository.pulls.values()];
      const threads = pulls.flatMap((pull) => pull.threads);
      const reviewComments = sum(threads.map(({ comments }) => comments.length));
      if (run) measurements.push(...costOf(run, reviewComments));
    }
    return measurements;
  },
};

function costOf(run: CaptureRun, reviewComments: number): Measurement[] {
  const { pullRequests, comparison } = run;
  const on = `${readable(pullRequests)} pull requests`;
  const points = (run.points * 1000) / pullRequests;
  const rest = (run.restRequests * 1000) / pullRequests;
  const mostRest = 15 + (reviewComments * 10) / pullRequests;
  const graphqlMs = run.graphqlMs / pullRequests;
  const restMs = run.restMs / pullRequests;
  const minutes = minutesFor(LARGE, graphqlMs, restMs);
  const wrong = wrongRows(comparison);
  return [
    {
      figure: `GraphQL points per 1,000 pull requests, ${on}`,
      measured: `${readable(points, 1)} (${run.graphqlRequests} requests)`,
      target: 'at most 25',
      isReached: points <= 25,
    },
    {
      figure: `REST requests per 1,000 pull requests, ${on}`,
      measured: readable(rest, 1),
      target: `at most ${readable(mostRest, 1)} (15 + review comments / 100)`,
      isReached: rest <= mostRest,
    },
    {
      figure: `GraphQL service time G per pull request, ${on}`,
      measured: `${readable(graphqlMs, 1)} ms (R: ${readable(restMs, 1)} ms)`,
      target: 'at most 51 ms',
      isReached: graphqlMs <= 51,
    },
    {
      figure: `130,000 pull requests, from G and R of ${on}`,
      measured: `${readable(minutes)} min`,
      target: 'at most 115 min',
      isReached: minutes <= 115,
    },
    {
      figure: `rows that differ from the truth, ${on}`,
      measured: `${readable(wrong)} of ${readable(comparison.expected)}${wrong > 0 ? `: ${comparison.examples[0]}` : ''}`,
      target: '0',
      isReached: wrong === 0,
    },
  ];
}
