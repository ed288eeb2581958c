import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../figure.ts';
import type { SerialMessage, SerialTask } from '../process/serial-client.ts';
import { readable } from '../render-table.ts';
import { fastTime } from '../run-capture.ts';
import { makeHistory, startGithub } from '../start-github.ts';
import { median, sum } from '../statistics.ts';

const PROCESS = fileURLToPath(new URL('../process/serial-client.ts', import.meta.url));
const QUERIES = 30;

/**
 * Whether the other figures can be believed: a client that sends one query after another and does nothing else must take
 * just as long as the model says. What is above 1 is HTTP and this machine, `speed` times as heavy as they would be.
 */
export const clock: Figure = {
  name: 'clock',
  about: "is the model's time exact? a serial client against the service time of its queries",
  async measure({ isQuick, seed, speed, say }) {
    const history = makeHistory(400, seed);
    const measured: number[] = [];
    const rounds = isQuick ? 1 : 3;
    for (let round = 0; round < rounds; round++) {
      say(`serial client, round ${round + 1} of ${rounds}`);
      const { github, token } = await startGithub(history, { speed });
      try {
        const task: SerialTask = { url: github.graphqlUrl, token, queries: QUERIES };
        const child = fork(PROCESS, [JSON.stringify(task)], fastTime(github));
        const { wallMs } = await new Promise<SerialMessage>((resolve, reject) => {
          child.once('message', (message) => resolve(message as SerialMessage));
          child.once('exit', (code) => reject(new Error(`the serial client ended with ${code}`)));
        });
        const serviceMs = sum(github.requests.slice(-QUERIES).map((request) => request.serviceMs));
        measured.push(wallMs / serviceMs);
      } finally {
        await github.close();
      }
    }
    const ratio = median(measured);
    return [
      {
        figure: `the model's clock at speed ${speed}: a serial client's time ÷ service time of its queries`,
        measured: readable(ratio, 3),
        target: '1.00 to 1.03',
        isReached: ratio >= 0.995 && ratio <= 1.03,
      },
    ];
  },
};
