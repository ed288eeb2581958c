import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { fromPglite, PGLITE_PARSERS } from '../../src/store/open-pglite.ts';

test('a rollout of the version before is taken over as it stands', async () => {
  const { db, close } = fromPglite(await PGlite.create({ parsers: PGLITE_PARSERS }));
  const before = MIGRATIONS.filter(({ name }) => name < '0005');
  await migrate(db, { migrations: before });
  await sql`INSERT INTO rollout_configuration (feature_name, rollout_percentage, created_at)
    VALUES ('hybrid_progressive_capture', 25, '2026-01-01T00:00:00Z')`.execute(db);
  await sql`UPDATE rollout_configuration SET emergency_stop = true`.execute(db);
  await sql`INSERT INTO commands (comment_id, command_index, repository_id, actor_id, verb, body_sha256, outcome)
    VALUES (1, 0, 1, 1, 'rollout stop', '', 'done'), (2, 0, 1, 1, 'rollout status', '', 'received')`.execute(
    db,
  );
  const count = async () => (await db.selectFrom('rollout_history').select('seq').execute()).length;
  const entries = await count();

  await migrate(db);
  expect(await count()).toBe(entries);
  expect(await readRollout(db, { environmentStop: false })).toMatchObject({
    state: 'stopped',
    stoppedFrom: 'running',
    percentage: 25,
    version: 2,
    epoch: 1,
    epochStartedAt: new Date('2026-01-01'),
    guardMode: 'threshold',
  });
  // What was answered before is not answered again.
  expect(
    await db.selectFrom('commands').select(['comment_id', 'answered_at']).orderBy('comment_id').execute(),
  ).toMatchObject([
    { comment_id: 1, answered_at: expect.any(Date) },
    { comment_id: 2, answered_at: null },
  ]);

  // The version before goes on beside the new one: it names its people, and knows no reason codes.
  await sql`SELECT set_config('hybrid.actor', '{"type": "user", "login": "mona"}', false)`.execute(db);
  await sql`UPDATE rollout_configuration SET emergency_stop = false`.execute(db);
  const [last] = await db.selectFrom('rollout_history').selectAll().orderBy('seq', 'desc').limit(1).execute();
  expect(last).toMatchObject({ action: 'resume', triggered_by: 'mona', reason_code: null, epoch: 2 });
  await close();
});
