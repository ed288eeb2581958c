import { generateHistory } from '../../sandbox/generate.ts';
import { startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addRepository } from '../../sandbox/world/build.ts';
import { loadConfig } from '../../src/config/config.ts';
import { planWork } from '../../src/jobs/plan-work.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { reserveRun } from '../../src/jobs/runs.ts';
import { ensureRollout, readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import { SILENT } from './silent-log.ts';

/** What one job asks of GitHub. */
export interface JobCost {
  points: number;
  /** REST requests. */
  requests: number;
  /** Of GitHub's time, by the sandbox's model of it. */
  seconds: number;
}

const HISTORY = 200;
const SAMPLES = 20;

/**
 * Carries jobs of each kind out, by the real worker against the local GitHub, and tells what each asked for: a pull
 * request that has changed, a push, and a reconciliation that finds nothing.
 */
export async function measureJobs(
  db: Database,
  seed: number,
): Promise<{ pullRequest: JobCost; push: JobCost; reconciliation: JobCost }> {
  // Nothing is refused here; the model's times are counted and not waited for.
  const github = await startSandbox({
    owner: 'acme',
    speed: 1_000,
    limits: {
      enforce: true,
      pointsPerHour: 1e6,
      restPerHour: 1e6,
      graphqlMsPerMinute: 1e9,
      totalMsPerMinute: 1e9,
    },
  });
  try {
    const repository = addRepository(github.world, 'acme/history');
    generateHistory(github.world, repository, { pullRequests: HISTORY, seed });
    const installation = addInstallation(
      github.world,
      github.app.owner,
      [repository],
      github.app.permissions,
      '2026-01-01T00:00:00Z',
    );
    const loaded = loadConfig({
      GHE_HOST: new URL(github.webUrl).host,
      GHE_PROTOCOL: 'http',
      INNGEST_DEV: '1',
    });
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
    const { config } = loaded;
    await ensureRollout(db, config.rollout);
    const bulkFor = () => ({ available: false, reason: 'no_capture_workflow' }) as const;
    const usage = () => {
      const { points, restRequests, serviceMs } = github.stats().total;
      return { points, requests: restRequests, seconds: serviceMs / 1_000 };
    };

    async function costOf(
      work: Pick<WorkItem, 'type' | 'items' | 'range' | 'include' | 'reason'>,
    ): Promise<JobCost> {
      const item = {
        repository: {
          id: repository.id,
          fullName: 'acme/history',
          installationId: installation.id,
          isPrivate: false,
        },
        isCritical: false,
        ...work,
      };
      const [planned] = await db.transaction().execute(async (trx) => {
        const rollout = await readRollout(trx, { environmentStop: false });
        return planWork(trx, [item], { now: new Date(Date.now() - 60_000), config, rollout, bulkFor });
      });
      if (planned?.outcome !== 'created') throw new Error('not one new job');
      const before = usage();
      const reserved = await reserveRun(db, planned.job.id, 'bench', { bulkPerInstallation: 1 });
      if (!reserved) throw new Error('the job could not be reserved');
      const { status } = await runJob({
        ...{ db, config, bulkFor, log: SILENT, jobId: planned.job.id, run: reserved.run, worker: 'inngest' },
        ...{ leaseMs: 60_000, sliceMs: 600_000 },
        tokenFor: async () => {
          const { token, expiresAt } = github.tokens.issueInstallationToken(installation, {
            repositoryIds: new Set([repository.id]),
            permissions: github.app.permissions,
          });
          return { token, expiresAt: new Date(expiresAt) };
        },
      });
      if (status !== 'completed') throw new Error(`a job is ${status}`);
      const after = usage();
      return {
        points: after.points - before.points,
        requests: after.requests - before.requests,
        seconds: after.seconds - before.seconds,
      };
    }

    await costOf({ type: 'history', items: [], range: {}, include: ['pull-requests'], reason: 'manual' });
    const now = new Date();
    const moment = { since: now, until: now };
    const pulls: JobCost[] = [];
    for (let n = 1; n <= SAMPLES; n++) {
      const items = [Math.round((n * HISTORY) / SAMPLES)];
      pulls.push(
        await costOf({
          type: 'pull_requests',
          items,
          range: moment,
          include: ['pull-requests'],
          reason: 'webhook',
        }),
      );
    }
    return {
      pullRequest: meanOf(pulls),
      push: await costOf({
        type: 'branch_commits',
        items: [],
        range: moment,
        include: ['commits'],
        reason: 'webhook',
      }),
      reconciliation: await costOf({
        type: 'history',
        items: [],
        range: { since: now },
        include: ['pull-requests'],
        reason: 'scheduled',
      }),
    };
  } finally {
    await github.close();
  }
}

function meanOf(costs: readonly JobCost[]): JobCost {
  const mean = (key: keyof JobCost) => costs.reduce((sum, cost) => sum + cost[key], 0) / costs.length;
  return { points: mean('points'), requests: mean('requests'), seconds: mean('seconds') };
}
