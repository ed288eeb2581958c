import type { Transaction } from 'kysely';
import { categorize } from '../rollout/category.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import { estimateHistory } from './estimate-history.ts';
import type { Job } from './job.ts';
import { planWork } from './plan-work.ts';
import type { RunJobOptions } from './run-job.ts';

/**
 * Follows a classification, in the transaction that ends it: snapshots the repository's category for this epoch, and
 * for a repository that was just installed says what its history costs and starts it, or says what would.
 */
export async function finishClassification(
  trx: Transaction<DB>,
  job: Job,
  { config, bulkFor, log }: Pick<RunJobOptions, 'config' | 'bulkFor' | 'log'>,
  now: Date = new Date(),
): Promise<void> {
  const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
  const repository = await trx
    .selectFrom('repositories')
    .selectAll()
    .where('id', '=', job.repository_id)
    .executeTakeFirstOrThrow();
  const {
    stars_count: stars,
    contributors_count: contributors,
    pull_requests_count: pullRequests,
  } = repository;
  const category = categorize({ stars, contributors, pullRequests });
  if (category !== null && stars !== null && contributors !== null && pullRequests !== null) {
    const counts = {
      stars_count: stars,
      contributors_count: contributors,
      pull_requests_count: pullRequests,
    };
    const snapshot = { ...counts, category, epoch: rollout.epoch, classified_at: now };
    await trx
      .insertInto('repository_categories')
      .values({ repository_id: job.repository_id, ...snapshot })
      .onConflict((conflict) =>
        conflict
          .column('repository_id')
          .doUpdateSet(snapshot)
          // Within an epoch a category stays, so that growth takes no repository out of the rollout.
          .where('repository_categories.epoch', '<', rollout.epoch),
      )
      .execute();
  }
  if (job.reason !== 'installation') return;

  const line = {
    delivery: job.delivery_id ?? undefined,
    job: job.id,
    repository: repository.full_name,
    stage: 'plan',
  };
  const cost = pullRequests === null ? null : estimateHistory(pullRequests);
  if (pullRequests !== null && pullRequests > config.autoHistoryLimit) {
    log.info(
      { ...line, pull_requests: pullRequests, ...cost },
      `The history waits for \`/capture history\` in an issue there, or \`npx hybrid-capture capture ${repository.full_name}\`: it is above AUTO_HISTORY_LIMIT (${config.autoHistoryLimit} pull requests).`,
    );
    return;
  }
  const planned = await planWork(
    trx,
    [
      {
        repository: {
          id: repository.id,
          fullName: repository.full_name,
          installationId: job.installation_id,
          isPrivate: repository.is_private,
        },
        type: 'history',
        items: [],
        range: {},
        include: config.include,
        reason: 'installation',
        isCritical: false,
        ...(job.delivery_id !== null ? { deliveryId: job.delivery_id } : {}),
      },
    ],
    { now, config, rollout, bulkFor },
  );
  for (const plan of planned) {
    if (plan.outcome === 'skipped') log.info({ ...line, reason: plan.reason }, plan.message);
    else {
      const { processor, rule } = plan.route;
      log.info(
        { ...line, job: plan.job.id, processor, rule, ...cost },
        `The history is queued: ${plan.message}`,
      );
    }
  }
}
