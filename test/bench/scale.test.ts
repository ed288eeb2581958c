import { expect, it } from 'vitest';
import { drawOrganisation } from '../../bench/scale/draw-organisation.ts';
import { simulateDay } from '../../bench/scale/simulate-day.ts';
import { describePostgres } from '../support/databases.ts';

it('an organisation is the same for the same seed, and its activity has a heavy tail', () => {
  const draw = (seed: number) => drawOrganisation({ repositories: 1_000, pullRequestsADay: 200, seed });
  const { repositories, events, pullRequestsToday } = draw(1);
  expect(draw(1).events).toEqual(events);
  expect(draw(2).events).not.toEqual(events);
  // Zipf's law: of 1,000, the first has a share of 1 ÷ 7.49.
  expect(repositories[0]?.pullRequests).toBe(Math.round((200 * 730) / 7.4855));
  expect(repositories[9]?.pullRequests).toBe(Math.round((200 * 730) / 74.855));
  expect(Math.abs(pullRequestsToday - 200)).toBeLessThan(5 * Math.sqrt(200));
  expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).sort((a, b) => a - b));
  const aPullRequest = events.length / pullRequestsToday;
  expect(aPullRequest).toBeGreaterThan(15);
  expect(aPullRequest).toBeLessThan(22);
});

describePostgres('a simulated day', (database) => {
  it('ends every job, once, and counts what each asked for', async () => {
    const organisation = drawOrganisation({ repositories: 5, pullRequestsADay: 4, seed: 3 });
    const costs = {
      pullRequest: { points: 3, requests: 0, seconds: 1 },
      push: { points: 2, requests: 1, seconds: 1 },
      reconciliation: { points: 1, requests: 2, seconds: 2 },
    };
    const day = await simulateDay(database().db, organisation, costs, () => {});
    const count = (processor: string) =>
      day.jobs.filter((row) => row.processor === processor).reduce((sum, { jobs }) => sum + jobs, 0);
    const pushes = organisation.events.filter(({ pullRequest }) => pullRequest === null).length;
    expect(day.left).toBe(0);
    expect(count('github_actions')).toBe(5);
    // Webhooks of one moment become one job.
    expect(count('inngest')).toBe(day.inngestRuns);
    expect(day.latencies).toHaveLength(day.inngestRuns);
    expect(day.inngestRuns).toBeGreaterThan(pushes);
    expect(day.inngestRuns).toBeLessThan(organisation.events.length);
    // The pushes of a repository that come together become one job, too; here none do.
    const rest = day.hours.reduce((sum, { requests }) => sum + requests, 0);
    expect(rest).toBeGreaterThanOrEqual(pushes + 5 * 2);
    // Their times are apart, so each is done by a run of its own, or two of one hour by one.
    expect(day.workflowRuns).toBeLessThanOrEqual(5);
    expect(day.actionsMinutes).toBe(day.workflowRuns);
  });
});
