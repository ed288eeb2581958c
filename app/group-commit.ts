/**
 * Work that came while a transaction was under way is done together in the next one: alone a piece waits for nothing, and
 * under load one commit and one set of statements serve many.
 */
export function createGroupCommit<Item, Result>(options: {
  /** Most items of one transaction. */
  limit: number;
  /** Does all of it in one transaction, and answers in the order of the items. */
  together: (items: Item[]) => Promise<Result[]>;
  /** Does one by itself: when a group fails, each of it is tried so, and gets an answer of its own. */
  alone: (item: Item) => Promise<Result>;
}): (item: Item) => Promise<Result> {
  const { limit, together, alone } = options;
  interface Waiting {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isUnderWay = false;

  async function carryOut(group: Waiting[]): Promise<void> {
    if (group.length > 1) {
      const results = await together(group.map(({ item }) => item)).catch(() => null);
      if (results !== null) {
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
        return;
      }
    }
    for (const { item, resolve, reject } of group) await alone(item).then(resolve, reject);
  }

  async function work(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      await carryOut(group);
    }
    isUnderWay = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isUnderWay) void work();
    });
}
