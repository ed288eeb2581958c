import { expect, it } from 'vitest';
import type { Html } from '../../../app/monitor/html.ts';
import { renderJob, renderJobs } from '../../../app/monitor/render-job.ts';
import type { RunLinks } from '../../../app/monitor/run-links.ts';
import { pauseRun, startRun } from '../../../src/jobs/runs.ts';
import { readJobPicture } from '../../../src/monitor/read-job.ts';
import { later, NOW, planJob, resetJobs, workItem } from '../../jobs/job-fixture.ts';
import { reserve } from '../../jobs/reserve.ts';
import { withDatabase } from '../../support/databases.ts';

const database = withDatabase();
const links: RunLinks = { workflowRun: () => null, inngestRun: () => null };

const textOf = (html: Html | undefined) => (html?.text ?? '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

it('of a job that waits, the monitor tells until when', async () => {
  const { db } = database();
  await resetJobs(db);
  const { id: jobId } = await planJob(db, workItem(), { now: later(-10_000) });
  const shown = async () => {
    const picture = await readJobPicture(db, jobId);
    if (!picture) throw new Error('no such job');
    const list = renderJobs([picture.job], { group: null, links }).get('list');
    const page = renderJob(picture, links);
    return { list: textOf(list), facts: textOf(page.get('facts')), runs: textOf(page.get('runs')) };
  };
  expect((await shown()).list).toContain('due 2026-11-20 11:59 UTC');

  const run = await reserve(db, jobId);
  const held = { jobId, run, worker: 'inngest', holder: 'me', leaseMs: 60_000, now: NOW } as const;
  await startRun(db, held);
  expect((await shown()).list).not.toMatch(/due|goes on/);
  await pauseRun(db, { ...held, result: null, until: later(3_600_000), perInstallation: 1 });
  const { list, facts, runs } = await shown();
  expect(list).toContain('waiting_for_github');
  expect(list).toContain('goes on 2026-11-20 13:00 UTC');
  expect(facts).toMatch(/Goes on 2026-11-20 13:00 UTC/);
  expect(runs).toMatch(/\bwaiting\b/);
});

it.each([
  ['inngest', 'Inngest, rule'],
  ['in_process', 'the app&#39;s own worker, rule'],
] as const)('a run of the worker %s is said to be done there', async (worker, told) => {
  const { db } = database();
  await resetJobs(db);
  const { id: jobId } = await planJob(db, workItem(), { now: later(-10_000) });
  const run = await reserve(db, jobId);
  await startRun(db, { jobId, run, worker, holder: 'me', leaseMs: 60_000, now: NOW });
  const picture = await readJobPicture(db, jobId);
  expect(picture && textOf(renderJob(picture, links).get('facts'))).toContain(told);
  expect(picture && textOf(renderJobs([picture.job], { group: null, links }).get('list'))).toContain(told);
});
