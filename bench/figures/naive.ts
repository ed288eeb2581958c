import { createComparer, wrongRows } from '../compare-rows.ts';
import type { Figure } from '../figure.ts';
import { captureNaively } from '../naive-client.ts';
import { readable } from '../render-table.ts';
import { summarize } from '../run-capture.ts';
import { REPOSITORY, startGithub } from '../start-github.ts';
import { median } from '../statistics.ts';

/** Its wall time is taken from the model alone, so the clock may run fast. */
const SPEED = 20;

/**
 * The engine against the client that one writes first. The naive one is serial, so its wall time is what GitHub works for
 * it and what it waits for limits: its own time is left out, in its favour. It does wait for the hour's points (5,000).
 */
export const naive: Figure = {
  name: 'naive',
  about: 'requests and wall time against a naive client, same server, same rows',
  async measure({ sizes, captures, say }) {
    const runs = await captures.runs(sizes.history, sizes.runs);
    const history = captures.history(sizes.history);
    const { github, token } = await startGithub(history, { speed: SPEED });
    try {
      const { clock } = github;
      const comparer = createComparer(history.truth);
      const result = await captureNaively({
        ...{ graphqlUrl: github.graphqlUrl, token, repository: REPOSITORY, now: clock.now },
        wait: async (ms) => clock.advance(ms),
        onRow: comparer.see,
        onProgress: (done) => say(`naive client: ${done} of ${sizes.history} pull requests`),
      });
      const comparison = comparer.compare();
      if (wrongRows(comparison) > 0) {
        throw new Error(`the naive client's rows are not the truth: ${comparison.examples.join('; ')}`);
      }
      const requests = median(runs.map((run) => run.graphqlRequests + run.restRequests));
      const wallMs = median(runs.map((run) => run.wallMs));
      const { graphqlMs } = summarize(github.requests);
      const fewer = result.requests / requests;
      const faster = (graphqlMs + result.waitedMs) / wallMs;
      const on = `${readable(sizes.history)} pull requests`;
      const minutes = (ms: number) => readable(ms / 60_000, 1);
      return [
        {
          figure: `requests of a naive client ÷ ours, ${on}`,
          measured: `${readable(fewer, 1)} (${readable(result.requests)} to ${readable(requests)})`,
          target: 'at least 10',
          isReached: fewer >= 10,
        },
        {
          figure: `wall time of a naive client ÷ ours, ${on}`,
          measured: `${readable(faster, 1)} (${minutes(graphqlMs + result.waitedMs)} min, ${minutes(result.waitedMs)} of them waiting for the hour's points, to ${minutes(wallMs)}; ${readable(graphqlMs / wallMs, 1)} without the waits)`,
          target: 'at least 4',
          isReached: faster >= 4,
        },
      ];
    } finally {
      await github.close();
    }
  },
};
