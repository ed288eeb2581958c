import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOnPostgres, describePostgres } from '../support/databases.ts';
import { pullRequestEvent } from './payloads.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const NOW = new Date().toISOString();

describePostgres('many deliveries at once', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(await createOnPostgres());
  });
  afterAll(() => app.close());

  it('each becomes its job once, whatever comes doubled or together; each row knows its own jobs', async () => {
    const deliveries = Array.from({ length: 120 }, (_, index) => ({
      guid: randomUUID(),
      // Three of each pull request coalesce.
      number: 1 + (index % 40),
    }));
    const answers = await Promise.all(
      // Every one twice, in another order.
      [...deliveries, ...deliveries.toReversed()].map(({ guid, number }) =>
        app.post('pull_request', pullRequestEvent('synchronize', number, NOW), { delivery: guid }),
      ),
    );
    const outcomes = Object.groupBy(answers, ({ body }) => body.outcome ?? '');
    expect([outcomes.accepted?.length, outcomes.redelivery?.length]).toEqual([120, 120]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));

    const jobs = await app.db
      .selectFrom('progressive_capture_jobs')
      .select(['id', 'items'])
      .where('job_type', '=', 'pull_requests')
      .execute();
    expect(jobs.map(({ items }) => items[0]).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    const jobOf = new Map(jobs.map(({ id, items }) => [items[0], id]));
    const stored = await app.db.selectFrom('deliveries').select(['id', 'outcome', 'job_ids']).execute();
    expect(new Map(stored.map(({ id, ...row }) => [id, row]))).toEqual(
      new Map(
        deliveries.map(({ guid, number }) => [guid, { outcome: 'planned', job_ids: [jobOf.get(number)] }]),
      ),
    );
    const { rows } = await sql<{ transactions: number }>`
      SELECT count(DISTINCT xmin::text)::integer AS transactions FROM deliveries`.execute(app.db);
    expect(rows[0]?.transactions).toBeLessThan(120);
  });

  it('a repository that is locked, as by a purge, holds up no other', async () => {
    const locked = pullRequestEvent('opened', 701, NOW);
    const repository = locked.repository as { id: number };
    const other = {
      ...pullRequestEvent('opened', 702, NOW),
      repository: { ...repository, id: 4_321, full_name: 'acme/other', name: 'other' },
    };
    await app.post('pull_request', other);
    await app.db.transaction().execute(async (trx) => {
      await sql`SELECT FROM repositories WHERE id = ${repository.id} FOR UPDATE`.execute(trx);
      const [first, second, ...others] = await Promise.all(
        [locked, locked, other, other, other].map((payload) => app.post('pull_request', payload)),
      );
      expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
      // GitHub keeps them, and they are asked for again.
      expect([first, second]).toMatchObject([{ status: 503 }, { status: 503 }]);
    });
    expect(await app.post('pull_request', locked)).toMatchObject({ status: 200 });
  });

  it('one that the database refuses takes nobody with it', async () => {
    await sql`ALTER TABLE progressive_capture_jobs ADD CONSTRAINT no_666 CHECK (NOT 666 = ANY (items))`.execute(
      app.db,
    );
    const answers = await Promise.all(
      [661, 662, 666, 663, 664].map((number) =>
        app.post('pull_request', pullRequestEvent('opened', number, NOW)),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500, 200, 200]);
    await sql`ALTER TABLE progressive_capture_jobs DROP CONSTRAINT no_666`.execute(app.db);
  });
});
