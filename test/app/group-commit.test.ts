import { describe, expect, it, vi } from 'vitest';
import { createGroupCommit, TooLateError } from '../../app/group-commit.ts';

/** A store whose transactions end when the test says so. */
function createStore(fails: (items: string[]) => boolean = () => false) {
  const transactions: string[][] = [];
  const ends: (() => void)[] = [];
  const carryOut = async (items: string[]): Promise<string[]> => {
    transactions.push(items);
    await new Promise<void>((resolve) => ends.push(resolve));
    if (fails(items)) throw new Error(`not ${items.join()}`);
    return items.map((item) => item.toUpperCase());
  };
  const commit = createGroupCommit<string, string>({
    limit: 3,
    together: carryOut,
    alone: async (item) => (await carryOut([item]))[0] ?? '',
    isHopeless: (error) => error instanceof Error && error.message.includes('gone'),
    giveUpAfterMs: 1_000,
  });
  /** Ends every transaction, one after the other. */
  const endAll = async () => {
    for (let end = ends.shift(); end; end = ends.shift()) {
      end();
      await new Promise(setImmediate);
    }
  };
  return { commit, transactions, endAll };
}

describe('group commit', () => {
  it('one alone waits for nothing; what comes meanwhile goes together, in order, at most so many', async () => {
    const { commit, transactions, endAll } = createStore();
    const results = ['a', 'b', 'c', 'd', 'e'].map((item) => commit(item));
    expect(transactions).toEqual([['a']]);
    await endAll();
    expect(await Promise.all(results)).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(transactions).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('when a group fails, each is tried alone, and only the culprit gets the error', async () => {
    const { commit, transactions, endAll } = createStore((items) => items.includes('c'));
    const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => commit(item)));
    await endAll();
    expect(
      (await results).map((result) => ('value' in result ? result.value : String(result.reason))),
    ).toEqual(['A', 'B', 'Error: not c', 'D']);
    expect(transactions).toEqual([['a'], ['b', 'c', 'd'], ['b'], ['c'], ['d']]);
  });

  it('where nothing can be done now, none of a group is tried alone', async () => {
    const { commit, transactions, endAll } = createStore((items) => items.includes('gone'));
    const results = Promise.allSettled(['a', 'b', 'gone'].map((item) => commit(item)));
    await endAll();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(transactions).toEqual([['a'], ['b', 'gone']]);
  });

  it('one that is tried alone, and waits for a lock, holds nobody up', async () => {
    const { promise: lock, resolve: unlock } = Promise.withResolvers<void>();
    const commit = createGroupCommit<string, string>({
      limit: 3,
      together: async (items) => {
        if (items.includes('locked')) throw new Error('a lock');
        return items;
      },
      alone: async (item) => {
        if (item === 'locked') await lock;
        return item;
      },
      isHopeless: () => false,
      giveUpAfterMs: 1_000,
    });
    const first = ['a', 'locked', 'b'].map((item) => commit(item));
    expect(await first[0]).toBe('a');
    expect(await Promise.all(['c', 'd'].map((item) => commit(item)))).toEqual(['c', 'd']);
    unlock();
    expect(await Promise.all(first)).toEqual(['a', 'locked', 'b']);
  });

  it('what has waited for too long is not tried any more', async () => {
    const clock = vi.spyOn(performance, 'now');
    clock.mockReturnValue(0);
    const { commit, transactions, endAll } = createStore();
    const results = Promise.allSettled(['a', 'b', 'c'].map((item) => commit(item)));
    clock.mockReturnValue(1_001);
    await endAll();
    const [first, ...late] = await results;
    expect(first).toMatchObject({ value: 'A' });
    for (const result of late) expect(result).toMatchObject({ reason: expect.any(TooLateError) });
    expect(transactions).toEqual([['a']]);
    clock.mockRestore();
  });

  it('goes on after an error', async () => {
    const { commit, endAll } = createStore((items) => items.includes('x'));
    const refused = expect(commit('x')).rejects.toThrow('not x');
    await endAll();
    await refused;
    const later = commit('y');
    await endAll();
    expect(await later).toBe('Y');
  });
});
