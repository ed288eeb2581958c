import { fieldError } from './errors.ts';

/** How long GitHub is taken to work on a query: a model that others measured pages against. */
export interface ServiceModel {
  /** Milliseconds for any query. */
  readonly baseMs: number;
  readonly perNodeMs: number;
  readonly perConnectionMs: number;
  /** Milliseconds for a REST call, and for one that is answered 304. */
  readonly restMs: number;
  readonly notModifiedMs: number;
}

/** That a 304 takes no longer than the least of queries is an assumption: nobody published a measurement. */
export const DEFAULT_SERVICE: ServiceModel = {
  baseMs: 40,
  perNodeMs: 2,
  perConnectionMs: 5,
  restMs: 150,
  notModifiedMs: 40,
};

/** Adds up the work of one query; above `budgetMs` every further field is refused, as GitHub does. */
export interface Meter {
  /** Throws once the budget is spent: nothing more of the query is answered. */
  check(): void;
  connection(nodes: number): void;
  nodes(count: number): void;
  readonly serviceMs: number;
  readonly nodeCount: number;
}

export function createMeter(model: ServiceModel, budgetMs: number): Meter {
  let serviceMs = model.baseMs;
  let nodeCount = 0;
  let isSpent = false;
  const check = () => {
    if (isSpent) throw fieldError('RESOURCE_LIMITS_EXCEEDED', 'Resource limits for this query exceeded.');
  };
  const spend = (ms: number, nodes: number) => {
    if (serviceMs + ms > budgetMs) {
      serviceMs = budgetMs;
      isSpent = true;
    }
    check();
    serviceMs += ms;
    nodeCount += nodes;
  };
  return {
    check,
    connection: (nodes) => spend(model.perConnectionMs + nodes * model.perNodeMs, nodes),
    nodes: (count) => spend(count * model.perNodeMs, count),
    get serviceMs() {
      return serviceMs;
    },
    get nodeCount() {
      return nodeCount;
    },
  };
}
