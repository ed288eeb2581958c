/** What waited for too long: whoever asked for it has gone. */
export class TooLateError extends Error {
  override name = 'TooLateError';
}

/** Few, since each takes a connection; several, since one may wait for a lock. */
const ALONE_AT_A_TIME = 3;

/**
 * Work that came while a transaction was under way is done together in the next one: alone a piece waits for nothing, and
 * under load one commit and one set of statements serve many. Where a group fails, each of it is tried alone, beside the
 * groups that follow; what has waited for `giveUpAfterMs` by then is not tried any more, and rejects with TooLateError.
 */
export function createGroupCommit<Item, Result>(options: {
  /** Most items of one transaction. */
  limit: number;
  /** Does all of it in one transaction, and answers in the order of the items. */
  together: (items: Item[]) => Promise<Result[]>;
  /** Does one by itself: when a group fails, each of it is tried so, and gets an answer of its own. */
  alone: (item: Item) => Promise<Result>;
  /** An error that each of a group would meet again: all of it rejects with it. */
  isHopeless: (error: unknown) => boolean;
  giveUpAfterMs: number;
}): (item: Item) => Promise<Result> {
  const { limit, together, alone, isHopeless, giveUpAfterMs } = options;
  interface Waiting {
    item: Item;
    since: number;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isUnderWay = false;

  async function carryOut(group: Waiting[]): Promise<void> {
    if (group.length === 1) return tryAlone(group);
    try {
      const results = await together(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (isHopeless(error)) for (const { reject } of group) reject(error);
      // Not waited for: one of them may wait for a lock, and those of the next group have nothing to do with it.
      else void tryAlone(group);
    }
  }

  async function tryAlone(group: readonly Waiting[]): Promise<void> {
    const left = [...group];
    const tryOnes = async () => {
      for (let one = left.shift(); one; one = left.shift()) {
        if (isInTime(one)) await alone(one.item).then(one.resolve, one.reject);
      }
    };
    await Promise.all(Array.from({ length: ALONE_AT_A_TIME }, tryOnes));
  }

  function isInTime({ since, reject }: Waiting): boolean {
    if (performance.now() - since <= giveUpAfterMs) return true;
    reject(new TooLateError('It has waited for too long.'));
    return false;
  }

  async function work(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, limit).filter(isInTime);
      waiting = waiting.slice(limit);
      if (group.length > 0) await carryOut(group);
    }
    isUnderWay = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, since: performance.now(), resolve, reject });
      if (!isUnderWay) void work();
    });
}
