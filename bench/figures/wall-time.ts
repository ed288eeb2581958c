import type { Figure } from '../figure.ts';
import { readable } from '../render-table.ts';
import { median, ratios } from '../statistics.ts';

/** How long a capture takes, against what GitHub's secondary limit allows: 60 s of GraphQL a minute. */
export const wallTime: Figure = {
  name: 'wall-time',
  about: 'wall time of a capture against the GraphQL seconds that it needs, at 60 s a minute',
  async measure({ sizes, captures }) {
    const runs = await captures.runs(sizes.history, sizes.runs);
    const all = ratios(
      runs.map(({ wallMs }) => wallMs),
      runs.map(({ graphqlMs }) => graphqlMs),
    );
    const ratio = median(all);
    const [seconds, bound] = [
      median(runs.map(({ wallMs }) => wallMs)),
      median(runs.map(({ graphqlMs }) => graphqlMs)),
    ].map((ms) => readable(ms / 1000));
    const spread = all.map((one) => readable(one, 3)).join(', ');
    const busy = median(
      ratios(
        runs.map(({ graphqlBusyMs }) => graphqlBusyMs),
        runs.map(({ wallMs }) => wallMs),
      ),
    );
    return [
      {
        figure: `wall time ÷ lower bound, ${readable(sizes.history)} pull requests, median of ${runs.length}`,
        measured: `${readable(ratio, 2)} (${seconds} s for ${bound} s of GraphQL; a GraphQL request under way ${readable(busy * 100)} % of the time; ${spread})`,
        target: 'at most 1.10',
        isReached: ratio <= 1.1,
      },
    ];
  },
};
