import type { RequestInfo } from './request.ts';

/** What can be made to go wrong with a request, in GitHub's own shapes. */
export type Fault =
  /** GitHub's gateway gives up; the body is its HTML page (`text`) or the JSON of GraphQL's time-out. */
  | { kind: 'status'; status: number; body?: string }
  | { kind: 'timeout' }
  /** The connection is cut before an answer. */
  | { kind: 'reset' }
  /** Status and headers arrive, and only the first half of the body. */
  | { kind: 'truncate' }
  | { kind: 'secondary'; retryAfterSeconds?: number; status?: 200 | 403 | 429 }
  | { kind: 'primary' }
  /** HTTP 200 with these errors and no data. */
  | { kind: 'errors'; errors: { type?: string; message: string }[] }
  /** The token is refused, as after its hour. */
  | { kind: 'unauthorized' }
  /** The query's nodes are null and RESOURCE_LIMITS_EXCEEDED is reported, above this much service time. */
  | { kind: 'resource_limits'; budgetMs: number }
  /** The request is served, and then the answer never arrives. */
  | { kind: 'lost_answer' };

export interface FaultRule {
  /** Which requests; without it every one. */
  when?: (request: RequestInfo) => boolean;
  /** The numbers (from 1) of the requests among those that match `when`. */
  at?: readonly number[];
  /** How often at most; default: as often as `at` says, else once. */
  times?: number;
  fault: Fault;
}

export interface Faults {
  add(rule: FaultRule): void;
  clear(): void;
  /** The fault that this request meets, if any; counts the request. */
  next(request: RequestInfo): Fault | null;
  /** How many faults were met. */
  readonly met: number;
}

export function createFaults(): Faults {
  let rules: { rule: FaultRule; seen: number; left: number }[] = [];
  let met = 0;
  return {
    add(rule) {
      rules.push({ rule, seen: 0, left: rule.times ?? rule.at?.length ?? 1 });
    },
    clear() {
      rules = [];
    },
    next(request) {
      for (const entry of rules) {
        const { when, at, fault } = entry.rule;
        if (entry.left === 0 || (when && !when(request))) continue;
        entry.seen++;
        if (at && !at.includes(entry.seen)) continue;
        entry.left--;
        met++;
        return fault;
      }
      return null;
    },
    get met() {
      return met;
    },
  };
}
