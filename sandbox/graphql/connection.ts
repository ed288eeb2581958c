import { fieldError } from './errors.ts';
import type { Meter } from './meter.ts';

export interface Connection<T> {
  readonly totalCount: number;
  readonly nodes: readonly T[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly cursorOf: (node: T) => string;
  /** Items that the cursors `after` and `before` leave. */
  readonly filteredCount: number;
}

export interface PageArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

const encode = (key: string) => Buffer.from(`cursor:v2:${key}`).toString('base64url');

function decode(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith('cursor:v2:') || encode(text.slice(10)) !== cursor) {
    throw fieldError('INVALID_CURSOR_ARGUMENTS', `\`${cursor}\` does not appear to be a valid cursor.`);
  }
  return text.slice(10);
}

/**
 * A page of `items`, which must be sorted by `keyOf` (ascending, or descending when said so). A cursor
 * holds the key of the item, so that a page goes on at the right place when items come and go meanwhile.
 */
export function connect<T>(
  items: readonly T[],
  page: PageArguments,
  meter: Meter,
  keyOf: (item: T) => string,
  descending = false,
): Connection<T> {
  /** How many items come before the key, or up to and with it. */
  const countUpTo = (key: string, inclusive: boolean) => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = items[middle] as T;
      const order = descending ? compare(key, keyOf(item)) : compare(keyOf(item), key);
      if (order < 0 || (inclusive && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const from = page.after ? countUpTo(decode(page.after), true) : 0;
  const to = Math.max(from, page.before ? countUpTo(decode(page.before), false) : items.length);
  let start = from;
  let end = to;
  if (page.first != null) end = Math.min(end, start + page.first);
  if (page.last != null) start = Math.max(start, end - page.last);
  // Without first and last only totalCount can be selected (the validation sees to it): no nodes are read.
  const nodes = page.first == null && page.last == null ? [] : items.slice(start, end);
  meter.connection(nodes.length);
  const [head, tail] = [nodes[0], nodes.at(-1)];
  return {
    totalCount: items.length,
    nodes,
    filteredCount: to - from,
    cursorOf: (node) => encode(keyOf(node)),
    pageInfo: {
      hasNextPage: end < items.length,
      hasPreviousPage: start > 0,
      get startCursor() {
        return head === undefined ? null : encode(keyOf(head));
      },
      get endCursor() {
        return tail === undefined ? null : encode(keyOf(tail));
      },
    },
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** A page of a list whose order is its own: the key is the place in the list. */
export function connectInOrder<T>(items: readonly T[], page: PageArguments, meter: Meter): Connection<T> {
  let places: Map<T, string> | undefined;
  const placeOf = (item: T) => {
    // Made only where a cursor is asked for: most pages hold the whole list.
    places ??= new Map(items.map((one, index) => [one, String(index).padStart(9, '0')]));
    return places.get(item) ?? '';
  };
  return connect(items, page, meter, placeOf);
}

/** Key of something that was made at a time: the time, then the id. */
export const timeKey = (time: string, id: number): string => `${time}:${String(id).padStart(12, '0')}`;
