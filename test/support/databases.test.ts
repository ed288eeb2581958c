import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeEachDatabase, withDatabase } from './databases.ts';

const other = withDatabase();

describeEachDatabase('a database for tests', (database) => {
  test('is migrated, empty, and nobody else has it', async () => {
    const { db } = database();
    await db.insertInto('repositories').values({ id: 1, full_name: 'acme/widgets' }).execute();
    const { rows } = await sql<{ count: number }>`select count(*) from repositories`.execute(db);
    expect(rows).toEqual([{ count: 1 }]);
    expect(await other().db.selectFrom('repositories').selectAll().execute()).toEqual([]);
  });
});
