import { type Enrolment, evaluateEnrolment } from '../rollout/evaluate-enrolment.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { RouteDecision } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import type { WorkItem, WorkRepository } from '../work-item/work-item.ts';
import { decideJob, type RepositoryFacts } from './decide-job.ts';
import type { PlanContext } from './plan-work.ts';
import { findRepositoryFacts } from './repository-facts.ts';

/** Where the work of a repository would go now, decided by the same functions as every job. */
export async function findJobDecisions(
  db: Database,
  repository: WorkRepository,
  {
    environmentStop,
    planning,
    now,
  }: { environmentStop: boolean; planning: Pick<PlanContext, 'config' | 'bulkFor'>; now: Date },
): Promise<{
  facts: RepositoryFacts;
  enrolment: Enrolment;
  decisions: { work: string; route: RouteDecision }[];
}> {
  return inTransaction(db, async (trx) => {
    const rollout = await readRollout(trx, { environmentStop });
    const { facts } = (await findRepositoryFacts(trx, [repository.id], now))(repository.id);
    const context = { now, rollout, limits: planning.config.limits, bulk: planning.bulkFor(repository) };
    return {
      facts,
      enrolment: evaluateEnrolment({ id: repository.id, category: facts.category }, rollout),
      decisions: typicalWork(repository, now).map(({ work, item }) => ({
        work,
        route: decideJob(item, facts, context).route,
      })),
    };
  });
}

/** A piece of work of each kind that a repository has. */
function typicalWork(repository: WorkRepository, now: Date): { work: string; item: WorkItem }[] {
  const item: WorkItem = {
    repository,
    type: 'history',
    items: [],
    range: {},
    include: ['pull-requests'],
    reason: 'installation',
    isCritical: false,
  };
  const yesterday = new Date(now.getTime() - 86_400_000);
  return [
    {
      work: 'A pull request changes',
      item: {
        ...item,
        type: 'pull_requests',
        items: [1],
        range: { since: now, until: now },
        reason: 'webhook',
      },
    },
    { work: 'Its history', item: { ...item, range: { until: yesterday } } },
    { work: 'Nightly reconciliation', item: { ...item, range: { since: yesterday }, reason: 'scheduled' } },
    { work: 'Verification', item: { ...item, type: 'verify', reason: 'manual' } },
  ];
}
