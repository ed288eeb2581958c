import type { Issue, PullRequest, Repository } from '../world/model.ts';
import { timeKey } from './connection.ts';

interface Discussion {
  createdAt: string;
  updatedAt: string;
  id: number;
  state: string;
  comments: readonly unknown[];
}

type OrderField = 'CREATED_AT' | 'UPDATED_AT' | 'COMMENTS';

export interface Order {
  field: OrderField;
  direction: 'ASC' | 'DESC';
}

export const KEY_OF: Record<OrderField, (item: Discussion) => string> = {
  CREATED_AT: (item) => timeKey(item.createdAt, item.id),
  UPDATED_AT: (item) => timeKey(item.updatedAt, item.id),
  COMMENTS: (item) => timeKey(String(item.comments.length).padStart(9, '0'), item.id),
};

const kept = new WeakMap<Repository, { version: number; lists: Map<string, readonly Discussion[]> }>();

/** A repository's pull requests or issues, filtered and sorted; kept until the repository changes. */
export function sortedList(
  repository: Repository,
  kind: 'pulls',
  order: Order,
  states: readonly string[] | null,
): readonly PullRequest[];
export function sortedList(
  repository: Repository,
  kind: 'issues',
  order: Order,
  states: readonly string[] | null,
): readonly Issue[];
export function sortedList(
  repository: Repository,
  kind: 'pulls' | 'issues',
  order: Order,
  states: readonly string[] | null,
): readonly Discussion[] {
  let cache = kept.get(repository);
  if (cache?.version !== repository.version) {
    cache = { version: repository.version, lists: new Map() };
    kept.set(repository, cache);
  }
  const name = `${kind} ${order.field} ${order.direction} ${states?.join() ?? ''}`;
  let list = cache.lists.get(name);
  if (!list) {
    const keyOf = KEY_OF[order.field];
    const sign = order.direction === 'DESC' ? -1 : 1;
    const keyed: [string, Discussion][] = [];
    for (const item of repository[kind].values()) {
      if (!states || states.includes(item.state)) keyed.push([keyOf(item), item]);
    }
    keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
    list = keyed.map(([, item]) => item);
    cache.lists.set(name, list);
  }
  return list;
}
