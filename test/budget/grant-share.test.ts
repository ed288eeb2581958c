import { beforeEach, describe, expect, test } from 'vitest';
import { grantShare, type ShareRequest } from '../../src/budget/grant-share.ts';
import { releaseShare } from '../../src/budget/release-share.ts';
import { findSilence } from '../../src/budget/silence.ts';
import type { Database } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const START = Date.UTC(2026, 5, 1);
const at = (seconds: number) => new Date(START + seconds * 1_000);

const ask = (db: Database, holder: string, seconds: number, changes: Partial<ShareRequest> = {}) =>
  grantShare(db, {
    installationId: 7,
    holder,
    kind: 'bulk',
    report: null,
    reservePercent: 10,
    now: at(seconds),
    ...changes,
  });
const grants = (db: Database) =>
  db
    .selectFrom('budget_grants')
    .select(['holder', 'kind', 'graphql_ms', 'rest_ms', 'granted_at', 'usable_until', 'is_released'])
    .orderBy('id')
    .execute();

async function forget(db: Database): Promise<void> {
  await db.deleteFrom('installation_budgets').execute();
}

describeEachDatabase('shares of an installation', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await forget(db);
  });

  test('the first run gets all but the reserve, and the ledger keeps it', async () => {
    expect(await ask(db, 'a', 0)).toEqual({
      points: 4_500,
      reserve: 500,
      restRequests: 4_500,
      restReserve: 500,
      graphqlMsPerMinute: 48_600,
      restMsPerMinute: 24_300,
    });
    expect(await grants(db)).toEqual([
      {
        holder: 'a',
        kind: 'bulk',
        graphql_ms: 48_600,
        rest_ms: 24_300,
        granted_at: at(0),
        usable_until: at(45),
        is_released: false,
      },
    ]);
  });

  test('a second run waits until what the first one had counts no more; installations do not know each other', async () => {
    await ask(db, 'a', 0);
    expect(await ask(db, 'b', 1)).toMatchObject({ graphqlMsPerMinute: 0, points: 2_250 });
    expect(await ask(db, 'b', 1, { installationId: 8 })).toMatchObject({ graphqlMsPerMinute: 48_600 });
    expect(await ask(db, 'a', 20)).toMatchObject({ graphqlMsPerMinute: 24_300, points: 2_250 });
    expect(await ask(db, 'b', 21)).toMatchObject({ graphqlMsPerMinute: 0 });
    await ask(db, 'a', 50);
    await ask(db, 'b', 51);
    await ask(db, 'a', 80);
    await ask(db, 'b', 81);
    expect(await ask(db, 'b', 105)).toMatchObject({ graphqlMsPerMinute: 0 });
    expect(await ask(db, 'b', 106)).toMatchObject({ graphqlMsPerMinute: 24_300, restMsPerMinute: 12_150 });
  });

  test('live work has the reserve at once', async () => {
    await ask(db, 'a', 0);
    expect(await ask(db, 'live', 1, { kind: 'live' })).toEqual({
      points: 5_000,
      reserve: 0,
      restRequests: 5_000,
      restReserve: 0,
      graphqlMsPerMinute: 2_700,
      restMsPerMinute: 1_350,
    });
  });

  test('what counts no more is removed', async () => {
    await ask(db, 'a', 0);
    await ask(db, 'b', 105);
    expect(await grants(db)).toHaveLength(2);
    await ask(db, 'b', 106);
    expect((await grants(db)).map(({ holder }) => holder)).toEqual(['b', 'b']);
  });

  test("GitHub's refusal is kept for all, the latest one, for an hour at most", async () => {
    const note = (silentUntil: Date | null) =>
      releaseShare(db, { installationId: 7, holder: 'a', used: null, silentUntil, now: at(0) });
    const found = (seconds: number) => findSilence(db, 7, at(seconds));
    expect(await found(0)).toBeNull();
    await note(at(60));
    expect(await found(59)).toEqual(at(60));
    expect(await found(60)).toBeNull();
    await note(at(30));
    await note(null);
    expect(await found(0)).toEqual(at(60));
    await note(at(86_400));
    expect(await found(0)).toEqual(at(3_600));
    expect(await findSilence(db, 8, at(0))).toBeNull();
  });

  describe('given back', () => {
    const release = (holder: string, seconds: number, used: number | null) =>
      releaseShare(db, {
        installationId: 7,
        holder,
        used: used === null ? null : { graphqlMs: used, restMs: used / 2 },
        now: at(seconds),
      });

    test('only what was used is kept from others, as long as it counts', async () => {
      await ask(db, 'a', 0, { report: { graphqlMs: 0, restMs: 0 } });
      await ask(db, 'a', 10, { report: { graphqlMs: 9_000, restMs: 500 } });
      await release('a', 12, 10_000);
      expect(await grants(db)).toMatchObject([
        { holder: 'a', graphql_ms: 9_000, rest_ms: 500, usable_until: at(10), is_released: true },
        { holder: 'a', graphql_ms: 1_000, rest_ms: 4_500, usable_until: at(12), is_released: true },
      ]);
      expect(await ask(db, 'b', 13)).toMatchObject({ graphqlMsPerMinute: 38_600, restMsPerMinute: 19_300 });
      expect(await ask(db, 'b', 71)).toMatchObject({ graphqlMsPerMinute: 47_600, restMsPerMinute: 19_800 });
      expect(await ask(db, 'b', 73)).toMatchObject({ graphqlMsPerMinute: 48_600, restMsPerMinute: 24_300 });
    });

    test('unused: at once', async () => {
      await ask(db, 'a', 0);
      await release('a', 1, 0);
      expect(await grants(db)).toEqual([]);
      expect(await ask(db, 'b', 1)).toMatchObject({ graphqlMsPerMinute: 48_600 });
    });

    test('twice is once, and without a share nothing', async () => {
      await release('a', 0, 0);
      await ask(db, 'a', 0);
      await release('a', 1, 2_000);
      await release('a', 2, null);
      expect(await grants(db)).toMatchObject([{ graphql_ms: 2_000, usable_until: at(1), is_released: true }]);
    });

    test('by one that had nothing: its place is kept, so that one that can wait for 25 s only has its part in time', async () => {
      const told = (used: number) => ({ report: { graphqlMs: used, restMs: used } });
      let gotAt: number | null = null;
      for (let time = 0; time <= 600 && gotAt === null; time += 5) {
        if (time % 15 === 0) await ask(db, 'a', time, told(time * 500));
        // It comes every 55 s, each time as another execution.
        const visit = `b${Math.floor(time / 55)}`;
        if (time % 55 > 25) continue;
        const { graphqlMsPerMinute } = await ask(db, visit, time, told(0));
        if (graphqlMsPerMinute > 10_000) gotAt = time;
        else if (time % 55 === 25) await release(visit, time, 0);
      }
      expect(gotAt).toBe(110);
    });

    test('by one that did not tell: all that it had', async () => {
      await ask(db, 'a', 0);
      await release('a', 1, null);
      expect(await ask(db, 'b', 61)).toMatchObject({ graphqlMsPerMinute: 0, points: 4_500 });
      expect(await ask(db, 'b', 62)).toMatchObject({ graphqlMsPerMinute: 48_600 });
    });
  });

  describe("GitHub's hours", () => {
    const hour = async () => db.selectFrom('installation_budgets').selectAll().executeTakeFirstOrThrow();

    test('are remembered as runs tell them, and divided', async () => {
      const resetAt = at(1_800);
      const told = (pointsLeft: number, restLeft: number | null) => ({
        report: { pointsLeft, restLeft, pointsResetAt: resetAt.toISOString() },
      });
      expect(await ask(db, 'a', 0, told(3_000, 800))).toMatchObject({ points: 2_500, restRequests: 300 });
      expect(await ask(db, 'b', 1)).toMatchObject({ points: 1_250, restRequests: 150 });
      expect(await ask(db, 'a', 2, told(2_900, null))).toMatchObject({ points: 1_200, restRequests: 150 });
      // What was so before, and came later.
      expect(await ask(db, 'b', 3, told(2_950, 700))).toMatchObject({ points: 1_200, restRequests: 100 });
      expect(await hour()).toMatchObject({
        points_left: 2_900,
        points_told_at: at(2),
        points_reset_at: resetAt,
        rest_left: 700,
        rest_told_at: at(3),
        rest_reset_at: null,
      });
    });

    test('that are used up are told with their end, each to those who get nothing of it', async () => {
      const resetAt = at(1_800).toISOString();
      const report = { pointsLeft: 400, pointsResetAt: resetAt, restLeft: 90 };
      expect(await ask(db, 'a', 0, { report })).toMatchObject({
        ...{ points: 0, pointsResetAt: resetAt },
        // GitHub's hours end at the latest then.
        ...{ restRequests: 0, restResetAt: at(3_600).toISOString() },
      });
      const live = await ask(db, 'live', 1, { kind: 'live' });
      expect(live).toMatchObject({ points: 400, restRequests: 90 });
      expect(live).not.toHaveProperty('pointsResetAt');
      expect(live).not.toHaveProperty('restResetAt');
      const after = await ask(db, 'a', 1_800);
      expect(after).toMatchObject({ points: 4_500, restRequests: 0, restResetAt: at(3_600).toISOString() });
      expect(after).not.toHaveProperty('pointsResetAt');
    });

    test('that are over are forgotten', async () => {
      const report = { pointsLeft: 100, restLeft: 90, pointsResetAt: at(60).toISOString() };
      expect(await ask(db, 'a', 0, { report })).toMatchObject({ points: 0, restRequests: 0 });
      expect(await ask(db, 'a', 59)).toMatchObject({ points: 0, restRequests: 0 });
      expect(await ask(db, 'a', 60)).toMatchObject({ points: 4_500, restRequests: 0 });
      expect(await ask(db, 'a', 3_600)).toMatchObject({ points: 4_500, restRequests: 4_500 });
    });
  });

  test("in the caller's transaction: what is undone was never given", async () => {
    const undone = db.transaction().execute(async (trx) => {
      await ask(trx, 'a', 0);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await ask(db, 'b', 1)).toMatchObject({ graphqlMsPerMinute: 48_600 });
  });
});

describePostgres('many instances of the app at once', (database) => {
  test('give no more than there is, whoever is first', async () => {
    const { url } = database();
    const instances = await Promise.all([1, 2, 3].map(() => openPostgres({ url: url ?? '', max: 4 })));
    try {
      for (let round = 0; round < 5; round += 1) {
        await forget(database().db);
        const asked = Array.from({ length: 24 }, (_, index) => {
          const { db } = instances[index % 3] ?? database();
          return ask(db, `h${index}`, 0, { kind: index % 4 === 0 ? 'live' : 'bulk' });
        });
        const shares = await Promise.all(asked);
        const sum = shares.reduce((total, share) => total + share.graphqlMsPerMinute, 0);
        expect(sum).toBeLessThanOrEqual(54_000);
        expect(sum).toBeGreaterThan(40_000);
        expect(await grants(database().db)).toHaveLength(24);
      }
    } finally {
      await Promise.all(instances.map(({ close }) => close()));
    }
  });

  test('and one that gives while another one takes back', async () => {
    const { db } = database();
    await forget(db);
    await ask(db, 'a', 0);
    await Promise.all([
      releaseShare(db, { installationId: 7, holder: 'a', used: { graphqlMs: 600, restMs: 0 }, now: at(1) }),
      ...['b', 'c', 'd'].map((holder) => ask(db, holder, 1)),
    ]);
    const given = (await grants(db)).reduce((total, row) => total + row.graphql_ms, 0);
    expect(given).toBeLessThanOrEqual(48_600);
    expect((await grants(db)).find(({ holder }) => holder === 'a')).toMatchObject({
      graphql_ms: 600,
      is_released: true,
    });
  });
});
