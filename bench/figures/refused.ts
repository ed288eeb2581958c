import type { Figure } from '../figure.ts';
import { readable } from '../render-table.ts';

/** Whether a run keeps inside of GitHub's limits by itself. */
export const refused: Figure = {
  name: 'refused',
  about: 'requests that a primary or secondary limit refused during a long run',
  async measure({ sizes, captures }) {
    const [run] = await captures.runs(sizes.long, 1);
    if (!run) throw new Error('nothing was captured');
    const requests = run.graphqlRequests + run.restRequests;
    return [
      {
        figure: `requests refused for a limit, ${readable(sizes.long)} pull requests`,
        measured: `${run.refused} of ${readable(requests)}`,
        target: '0',
        isReached: run.refused === 0,
      },
    ];
  },
};
