import type { Figure } from '../figure.ts';
import { measureInProcess } from '../measure-in-process.ts';
import { readable } from '../render-table.ts';
import { median } from '../statistics.ts';

/**
 * Whether times can be believed: a client that sends one query after another and does nothing else must take just as long
 * as the model says. What is above 1 is HTTP, and the CPU of both sides.
 */
export const clock: Figure = {
  name: 'clock',
  about: "is the model's time exact? a serial client against the service time of its queries",
  async measure({ sizes, seed, say }) {
    const measured: number[] = [];
    for (let round = 1; round <= sizes.runs; round++) {
      const task = { client: 'serial', pullRequests: sizes.history, seed } as const;
      const { wallMs, graphqlMs } = await measureInProcess(task, (done) =>
        say(`serial client, round ${round} of ${sizes.runs}: ${done} of ${sizes.history} pull requests`),
      );
      measured.push(wallMs / graphqlMs);
    }
    const ratio = median(measured);
    return [
      {
        figure: "the model's clock: a serial client's time ÷ service time of its queries",
        measured: readable(ratio, 3),
        target: '1.00 to 1.01',
        isReached: ratio >= 0.999 && ratio <= 1.01,
      },
    ];
  },
};
