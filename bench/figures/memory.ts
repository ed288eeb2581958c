import { copyBundle } from '../../test/action/run-bundle.ts';
import type { BenchContext, Figure, Measurement } from '../figure.ts';
import { readable } from '../render-table.ts';
import { endOf, runAction } from '../run-action.ts';
import { startGithub } from '../start-github.ts';
import { median } from '../statistics.ts';
import { startThrowAwayPostgres } from '../throw-away-postgres.ts';

/** Memory does not depend on how long things take, so the clock may run fast. */
const SPEED = 20;
const MOST_BYTES = 250e6;

/** Whether the Action's memory stays flat, however long the history. */
export const memory: Figure = {
  name: 'memory',
  about: 'peak memory of the packaged Action, a long history against a short one',
  async measure(context) {
    const postgres = await startThrowAwayPostgres();
    try {
      return [
        ...(await compareSizes(context, 'file:', async (index) => `file:rows-${index}`)),
        ...(await compareSizes(context, 'postgres://', () => postgres.create({ isMigrated: false }))),
      ];
    } finally {
      await postgres.stop();
    }
  },
};

/** Alternates the two sizes, so that a busy machine disturbs both. */
async function compareSizes(
  context: BenchContext,
  kind: string,
  destinationOf: (index: number) => Promise<string>,
): Promise<Measurement[]> {
  const { sizes } = context;
  const peaks = { short: [] as number[], long: [] as number[] };
  let count = 0;
  // The long run is dear, and a peak varies less the longer the run.
  const order = ['short', 'long', 'short', 'short'] as const;
  for (const which of order.slice(0, context.isQuick ? 2 : 4)) {
    count += 1;
    context.say(`memory of the Action, ${kind}, ${sizes[which]} pull requests`);
    peaks[which].push(await measurePeak(context, sizes[which], await destinationOf(count)));
  }
  const [short, long] = [median(peaks.short), median(peaks.long)];
  const ratio = long / short;
  const megabytes = (bytes: number) => `${readable(bytes / 1e6)} MB`;
  const to = `${kind}, ${readable(sizes.long)} pull requests`;
  return [
    {
      figure: `peak memory of the Action to ${to} ÷ ${readable(sizes.short)}`,
      measured: `${readable(ratio, 2)} (${megabytes(long)} to ${megabytes(short)})`,
      target: 'at most 1.15',
      isReached: ratio <= 1.15,
    },
    {
      figure: `peak memory of the Action to ${to}`,
      measured: megabytes(long),
      target: 'below 250 MB',
      isReached: long < MOST_BYTES,
    },
  ];
}

async function measurePeak(
  { captures }: BenchContext,
  pullRequests: number,
  destination: string,
): Promise<number> {
  const { github, token } = await startGithub(captures.history(pullRequests), { speed: SPEED });
  const bundle = await copyBundle();
  try {
    const inputs = { destination, 'github-token': token };
    const { code, log, peakBytes, outputs } = await runAction({ bundle, github, inputs });
    if (code !== 0 || peakBytes === null || outputs.complete !== 'true') {
      throw new Error(`the Action ended with exit code ${code}:\n${endOf(log)}`);
    }
    return peakBytes;
  } finally {
    await bundle.remove();
    await github.close();
  }
}
