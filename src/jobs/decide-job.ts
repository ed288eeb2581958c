import type { Category } from '../rollout/category.ts';
import { type Enrolment, evaluateEnrolment, type RolloutState } from '../rollout/evaluate-enrolment.ts';
import { decideRoute, isExposed, type RouteContext, type RouteDecision } from '../route/decide-route.ts';
import type { WorkItem } from '../work-item/work-item.ts';
import type { Job } from './job.ts';
import { jobPriority } from './job-priority.ts';

/** What the store knows of the repository that matters to a decision. */
export interface RepositoryFacts {
  category: Category | null;
  /** As GitHub counts them; null while unknown. */
  pullRequestsCount: number | null;
  /** Its first job is less than 24 hours old. */
  isNew: boolean;
}

export interface JobDecision {
  route: RouteDecision;
  enrolment: Enrolment;
  /** Enrolled, it would run in GitHub Actions: only such jobs tell something about the rollout. */
  isExposed: boolean;
  /** It would run in GitHub Actions if no stop, rollout or missing workflow stood in the way. */
  isBulk: boolean;
  priority: 0 | 1 | 2;
}

/**
 * Everything that is decided about a job when it is made, and again when other work joins it or it is routed again. Pure.
 * `now` is when the job was made: what was recent then stays so, however long it waits in the queue.
 */
export function decideJob(
  item: WorkItem,
  repository: RepositoryFacts,
  context: Pick<RouteContext, 'now' | 'limits' | 'bulk'> & { rollout: RolloutState },
): JobDecision {
  const { now, limits, bulk, rollout } = context;
  const enrolment = evaluateEnrolment({ id: item.repository.id, category: repository.category }, rollout);
  const routeContext: RouteContext = {
    now,
    limits,
    isStopped: rollout.emergencyStop,
    isEnrolled: enrolment.eligible,
    bulk,
    repository: { pullRequestsCount: repository.pullRequestsCount, isNew: repository.isNew },
  };
  const free: RouteContext = {
    ...routeContext,
    isStopped: false,
    isEnrolled: true,
    bulk: { available: true },
  };
  return {
    route: decideRoute(item, routeContext),
    enrolment,
    isExposed: isExposed(item, routeContext),
    isBulk: decideRoute(item, free).processor === 'github_actions',
    priority: jobPriority(item, { now, limits }),
  };
}

/** The columns of a job in which its decision is kept. */
export function decisionColumns({ route, enrolment, isExposed, isBulk, priority }: JobDecision) {
  return {
    processor_type: route.processor,
    rule: route.rule,
    enrolment_reason: enrolment.reason,
    is_exposed: isExposed,
    is_bulk: isBulk,
    arm: enrolment.eligible ? ('enrolled' as const) : ('control' as const),
    priority,
    rollout_epoch: enrolment.epoch,
    rollout_phase: enrolment.phase,
    rollout_version: enrolment.version,
  };
}

/** Whether a job holds this decision already, so that nothing is to be written. */
export function holdsDecision(job: Job, decision: JobDecision): boolean {
  return Object.entries(decisionColumns(decision)).every(([name, value]) => job[name as keyof Job] === value);
}
