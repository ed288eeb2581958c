import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { EXECUTIONS_OF_A_RUN } from '../../../src/cost/executions.ts';
import { PUBLISHED_PRICES } from '../../../src/cost/published-prices.ts';
import { INNGEST_EVENTS, JobEventData, jobEventId } from '../../../src/dispatch/job-events.ts';
import { CLASSIFIED_AGAIN_DAYS } from '../../../src/loops/classify-again.ts';

const text = readFileSync(new URL('../../../docs/inngest.md', import.meta.url), 'utf8');

/** Source of the size: https://www.inngest.com/docs/durable-execution/limits (free plan) */
const FREE_PLAN = {
  executions: PUBLISHED_PRICES.INCLUDED_INNGEST_EXECUTIONS.amount,
  eventBytes: 256 * 1024,
};
const REPOSITORIES = 320;
const DAYS = 31;

function figures(): Record<string, number> {
  const table = text.slice(text.indexOf('| | executions |'), text.indexOf('A live job is'));
  return Object.fromEntries(
    [...table.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, name, figure]) => [name, Number(figure)]),
  );
}

test('the sum of the free plan is that of the code', () => {
  const loaded = loadConfig({});
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const classification = Math.round((REPOSITORIES * EXECUTIONS_OF_A_RUN * DAYS) / CLASSIFIED_AGAIN_DAYS);
  const bulk = loaded.config.inngestBulkPerDay * DAYS;
  const live = FREE_PLAN.executions - classification - bulk;
  const jobs = (executions: number) => Math.floor(executions / EXECUTIONS_OF_A_RUN / REPOSITORIES);
  expect(figures()).toEqual({
    'classification, each repository once in 30 days': classification,
    'bulk work that is not in GitHub Actions, at most `INNGEST_BULK_PER_DAY` (500) a day': bulk,
    'left for live work': live,
    'live jobs of a repository in a month': jobs(live),
    'the same, with all bulk work in GitHub Actions': jobs(live + bulk),
  });
});

test('the largest event is far below the limit', () => {
  const jobId = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
  const data = JobEventData.parse({
    jobId,
    run: 2_147_483_647,
    repositoryId: Number.MAX_SAFE_INTEGER,
    installationId: Number.MAX_SAFE_INTEGER,
  });
  const { name, version: v } = INNGEST_EVENTS.captureRepository;
  const bytes = Buffer.byteLength(JSON.stringify([{ id: jobEventId(jobId, data.run), name, v, data }]));
  expect(bytes).toBeLessThan(FREE_PLAN.eventBytes / 100);
});

test('the table of events is the registry', () => {
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (\d+) \| (\w+) \| `([^`]+)` \|$/gm)].map(
    ([, name, version, producer, consumer]) => ({ name, version, producer, consumer }),
  );
  expect(rows).toEqual(
    Object.values(INNGEST_EVENTS).map(({ name, version, producer, consumer }) => ({
      ...{ name, version, producer, consumer },
    })),
  );
});
