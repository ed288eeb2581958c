import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Config } from '../../src/config/config.ts';
import { ROLLOUT_STATES } from '../../src/rollout/evaluate-enrolment.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import { isEventName } from '../../src/work-item/payloads.ts';
import { readStoredMetrics } from './read-stored-metrics.ts';

export interface Metrics {
  countWebhook(answer: { event: string | undefined; status: number; seconds: number }): void;
  /** The whole page, in Prometheus' text format. Throws what the database throws. */
  render(): Promise<string>;
  contentType: string;
}

/** Webhooks are answered within GitHub's 10 s; seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The figures of `/metrics`. Webhooks and the process are this instance's own; all else is read from the database, so every
 * instance tells the same of it. No label names a repository: their number has no bound.
 */
export function createMetrics({
  db,
  config,
}: {
  db: Database;
  config: Pick<Config, 'rollout' | 'tokens'>;
}): Metrics {
  const registry = new Registry();
  const own = <Label extends string>(name: string, help: string, labelNames: Label[] = []) => ({
    name: `hybrid_capture_${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  // They watch the event loop and the garbage collector of the process, which is for nothing while nobody can read them.
  if (config.tokens.metrics !== null) collectDefaultMetrics({ register: registry });

  const webhooks = new Counter(
    own('webhooks_total', 'Webhooks that this instance answered, by event and HTTP status.', [
      'event',
      'status',
    ]),
  );
  const webhookSeconds = new Histogram({
    ...own('webhook_seconds', 'Seconds from the arrival of a webhook to its answer.'),
    buckets: BUCKETS,
  });
  const queued = new Gauge(
    own('queue_jobs', 'Jobs that wait, by processor and priority (0 is first).', ['processor', 'priority']),
  );
  const oldest = new Gauge(
    own('queue_oldest_seconds', 'Seconds for which the oldest waiting job has been due.', [
      'processor',
      'priority',
    ]),
  );
  const underWay = new Gauge(
    own('jobs_under_way', 'Jobs that are dispatched, running, or waiting for GitHub in their run.', [
      'processor',
      'status',
    ]),
  );
  const ended = new Gauge(
    own('jobs_ended_last_day', 'Jobs that ended in the last 24 hours, by processor and outcome.', [
      'processor',
      'outcome',
    ]),
  );
  const latency = new Gauge(
    own(
      'event_to_rows_seconds',
      'Seconds from a webhook to its rows, of the jobs that ended well in the last hour.',
      ['processor', 'quantile'],
    ),
  );
  const budget = new Gauge(
    own('github_budget_remaining', "What is left of GitHub's hourly budget, of the poorest installation.", [
      'resource',
    ]),
  );
  const freshness = new Gauge(own('last_success_seconds', 'Seconds since a capture has ended well.'));
  const percentage = new Gauge(own('rollout_percentage', 'Percentage of the rollout, 0 to 100.'));
  const epoch = new Gauge(own('rollout_epoch', 'Epoch of the rollout.'));
  const state = new Gauge(own('rollout_state', '1 for the state that the rollout is in.', ['state']));
  const gauges = [queued, oldest, underWay, ended, latency, budget, freshness, percentage, epoch, state];

  async function readDatabase(): Promise<void> {
    const stored = await readStoredMetrics(db);
    const rollout = await readRollout(db, { environmentStop: config.rollout.environmentStop });
    // Without a wait in between, so that two scrapes at once don't mix.
    for (const gauge of gauges) gauge.reset();
    for (const { processor, priority, count, oldestSeconds } of stored.queue) {
      queued.set({ processor, priority }, count);
      oldest.set({ processor, priority }, oldestSeconds);
    }
    for (const { count, ...labels } of stored.underWay) underWay.set(labels, count);
    for (const { count, ...labels } of stored.ended) ended.set(labels, count);
    for (const { seconds, ...labels } of stored.latency) latency.set(labels, seconds);
    for (const { resource, remaining } of stored.budget) budget.set({ resource }, remaining);
    freshness.set(stored.freshnessSeconds ?? Number.NaN);
    percentage.set(rollout.percentage);
    epoch.set(rollout.epoch);
    const current = rollout.stoppedBy.environment ? 'stopped' : rollout.state;
    for (const name of ROLLOUT_STATES) state.set({ state: name }, name === current ? 1 : 0);
  }

  return {
    countWebhook({ event, status, seconds }) {
      // The header is anybody's text; a label is kept for ever.
      const known = event !== undefined && isEventName(event) ? event : 'other';
      webhooks.inc({ event: known, status });
      webhookSeconds.observe(seconds);
    },
    render: async () => {
      await readDatabase();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
