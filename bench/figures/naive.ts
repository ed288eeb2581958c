import { wrongRows } from '../compare-rows.ts';
import type { Figure } from '../figure.ts';
import { measureInProcess } from '../measure-in-process.ts';
import { readable } from '../render-table.ts';
import { median } from '../statistics.ts';

/** The engine against the client that one writes first. That one waits for the hour's points too (5,000). */
export const naive: Figure = {
  name: 'naive',
  about: 'requests and wall time against a naive client, same server, same rows',
  async measure({ sizes, seed, captures, say }) {
    const runs = await captures.runs(sizes.history, sizes.runs);
    const task = { client: 'naive', pullRequests: sizes.history, seed } as const;
    const other = await measureInProcess(task, (done) =>
      say(`naive client: ${done} of ${sizes.history} pull requests`),
    );
    const { comparison } = other;
    if (comparison === null || wrongRows(comparison) > 0) {
      throw new Error(`the naive client's rows are not the truth: ${comparison?.examples.join('; ')}`);
    }
    const requests = median(runs.map((run) => run.graphqlRequests + run.restRequests));
    const wallMs = median(runs.map((run) => run.wallMs));
    const fewer = other.graphqlRequests / requests;
    const faster = other.wallMs / wallMs;
    const on = `${readable(sizes.history)} pull requests`;
    const minutes = (ms: number) => readable(ms / 60_000, 1);
    return [
      {
        figure: `requests of a naive client ÷ ours, ${on}`,
        measured: `${readable(fewer, 1)} (${readable(other.graphqlRequests)} to ${readable(requests)})`,
        target: 'at least 10',
        isReached: fewer >= 10,
      },
      {
        figure: `wall time of a naive client ÷ ours, ${on}`,
        measured: `${readable(faster, 1)} (${minutes(other.wallMs)} min, ${minutes(other.waitedMs)} of them waiting for limits, to ${minutes(wallMs)}; ${readable((other.wallMs - other.waitedMs) / wallMs, 1)} without those waits)`,
        target: 'at least 4',
        isReached: faster >= 4,
      },
    ];
  },
};
