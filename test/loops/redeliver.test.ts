import { beforeEach, describe, expect, it } from 'vitest';
import { createRedeliverLoop, type DeliveryAttempt } from '../../src/loops/redeliver.ts';
import type { Database } from '../../src/store/database.ts';
import { type CollectedLog, collectLog, HOUR, later, NOW } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { makePass } from './make-pass.ts';

const MINUTE = 60_000;
/** As GitHub words them; how it words a 202 is not documented. */
const STATUSES: Record<number, string> = { 0: 'timed out', 200: 'OK', 202: 'Accepted' };

describeEachDatabase('redelivery', (database) => {
  let db: Database;
  let log: CollectedLog;
  /** GitHub's log, oldest first. */
  let attempts: DeliveryAttempt[];
  let asked: number[];
  /** How many pages were read. */
  let pages: number;
  let answer: (id: number) => 'asked' | 'refused' | 'unknown';
  beforeEach(async () => {
    db = database().db;
    await db.deleteFrom('failed_deliveries').execute();
    await db.deleteFrom('deliveries').execute();
    [log, attempts, asked, pages] = [collectLog(), [], [], 0];
    answer = () => 'asked';
  });

  const attempt = (guid: string, minutes: number, statusCode: number, isRedelivery = false) =>
    attempts.push({
      id: attempts.length + 1,
      guid,
      deliveredAt: later(minutes * MINUTE),
      isRedelivery,
      event: 'pull_request',
      status: STATUSES[statusCode] ?? 'Service Unavailable',
      statusCode,
    });
  const pass = (minutes: number, lastMinutes: number | null = null) =>
    makePass(
      db,
      createRedeliverLoop({
        log,
        deliveryLog: {
          async *pages() {
            const newestFirst = [...attempts].reverse();
            for (let from = 0; from < newestFirst.length; from += 3) {
              pages += 1;
              yield newestFirst.slice(from, from + 3);
            }
          },
          async redeliver(id) {
            const answered = answer(id);
            asked.push(id);
            return answered;
          },
        },
      }),
      {
        now: later(minutes * MINUTE),
        lastPassedAt: lastMinutes === null ? null : later(lastMinutes * MINUTE),
      },
    );
  const waiting = () => db.selectFrom('failed_deliveries').selectAll().orderBy('guid').execute();

  it('asks once more for each delivery that failed at every attempt, in the order in which they happened', async () => {
    attempt('came through', -30, 200);
    attempt('b', -20, 503);
    attempt('a', -10, 0);
    attempt('c', -9, 503);
    attempt('c', -8, 200, true);
    attempt('taken', -7, 202);
    attempt('d', -6, 503);
    attempt('d', -5, 202, true);
    expect(await pass(0)).toEqual({ requested: 2, refused: 0, dropped: 0, waiting: 2 });
    expect(asked).toEqual([2, 3]);
    expect(await waiting()).toMatchObject([
      { guid: 'a', status: 'timed out', status_code: 0, requests: 1, last_tried_at: NOW },
      { guid: 'b', status_code: 503, requests: 1, first_delivered_at: later(-20 * MINUTE) },
    ]);
  });

  it('an attempt that comes through settles it, and so does a transaction whose answer was lost', async () => {
    attempt('a', -5, 503);
    attempt('b', -5, 0);
    await pass(0);
    attempt('a', 1, 200, true);
    await db
      .insertInto('deliveries')
      .values({ id: 'b', event: 'pull_request', outcome: 'planned' })
      .execute();
    expect(await pass(2, 0)).toMatchObject({ requested: 0, waiting: 0 });
    expect(await waiting()).toEqual([]);
  });

  it('asks again after as long as it has been failing', async () => {
    attempt('a', 0, 503);
    const times: number[] = [];
    for (let minute = 0; minute <= 70; minute++) {
      const before = asked.length;
      await pass(minute, minute - 1);
      if (asked.length > before) {
        times.push(minute);
        attempt('a', minute, 503, true);
      }
    }
    expect(times).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('at most every four hours, and never again after three days, which it says', async () => {
    attempt('a', 0, 500);
    const times: number[] = [];
    for (let hour = 1; hour <= 80; hour++) {
      const before = asked.length;
      await pass(hour * 60, (hour - 1) * 60);
      if (asked.length > before) times.push(hour);
    }
    expect(times.slice(0, 6)).toEqual([1, 2, 4, 8, 12, 16]);
    expect(times.at(-1)).toBe(72);
    expect(await waiting()).toEqual([]);
    const errors = log.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => fields.delivery)).toEqual(['a']);
  });

  it('reads the log back to the last pass and ten minutes more', async () => {
    for (let minute = -120; minute < 0; minute++) attempt(`at ${minute}`, minute, 503);
    await pass(0, -5);
    expect((await waiting()).map(({ guid }) => guid).sort()).toEqual(
      Array.from({ length: 15 }, (_, minute) => `at ${minute - 15}`).sort(),
    );
    expect(pages).toBe(6);
  });

  it('the first pass of all, and one after a long pause, read what GitHub keeps', async () => {
    attempt('four days ago', -4 * 24 * 60, 503);
    attempt('two days ago', -2 * 24 * 60, 503);
    await pass(0, -100 * 24 * 60);
    expect(asked).toEqual([2]);
  });

  describe('what GitHub answers', () => {
    beforeEach(() => {
      for (const guid of ['a', 'b', 'c']) attempt(guid, -60, 503);
    });

    it('dropped: it is told, and not asked for again', async () => {
      answer = (id) => (id === 2 ? 'unknown' : 'asked');
      expect(await pass(0)).toMatchObject({ requested: 2, dropped: 1, waiting: 2 });
      expect(log.lines).toMatchObject([{ level: 'error', fields: { delivery: 'b', status_code: 503 } }]);
      expect((await waiting()).map(({ guid }) => guid)).toEqual(['a', 'c']);
    });

    it('refused: the others are asked for all the same', async () => {
      answer = (id) => (id === 1 ? 'refused' : 'asked');
      expect(await pass(0)).toEqual({ requested: 2, refused: 1, dropped: 0, waiting: 3 });
      expect(asked).toEqual([1, 2, 3]);
    });

    it('nothing any more: what was asked for before is not asked for twice', async () => {
      answer = (id) => {
        if (id === 3) throw new Error('no connection');
        return 'asked';
      };
      await expect(pass(0)).rejects.toThrow('no connection');
      answer = () => 'asked';
      asked = [];
      expect(await pass(0.5)).toMatchObject({ requested: 1 });
      expect(asked).toEqual([3]);
    });
  });

  it('at most 300 in one pass, the oldest first', async () => {
    for (let n = 0; n < 310; n++) attempt(`g${n}`, -HOUR / MINUTE, 503);
    expect(await pass(0)).toMatchObject({ requested: 300, waiting: 310 });
    expect(await pass(0.5)).toMatchObject({ requested: 10 });
  });
});
