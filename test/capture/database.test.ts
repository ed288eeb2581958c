import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateHistory } from '../../sandbox/generate.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import { createWorld } from '../../sandbox/world/world.ts';
import { capture } from '../../src/capture/capture.ts';
import { createDatabaseDestination } from '../../src/destination/database.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import type { JobType } from '../../src/work-item/work-item.ts';
import { withDatabase } from '../support/databases.ts';

const world = createWorld();
const repository = addRepository(world, 'acme/stored');
const database = withDatabase();
let sandbox: RunningSandbox;

beforeAll(async () => {
  generateHistory(world, repository, { pullRequests: 120, seed: 3 });
  sandbox = await startSandbox({ world });
});
afterAll(() => sandbox.close());

function run(type: JobType, checkpointKey: string = type) {
  const { apiUrl, graphqlUrl, tokens } = sandbox;
  const token = tokens.issueUserToken(world.actor('reader'));
  return capture({
    log: () => {},
    destination: createDatabaseDestination({
      db: database().db,
      repositoryId: repository.id,
      checkpointKey,
    }),
    github: createGitHubClient({
      apiUrl,
      graphqlUrl,
      token: async () => token,
      userAgent: 'test',
      sleep: async () => {},
    }),
    target: {
      repository: { owner: 'acme', name: 'stored', id: repository.id },
      type,
      items: [],
      since: null,
      until: null,
      include: ['pull-requests'],
    },
  });
}

test('a capture into the database leaves no gap; verification finds and repairs rows that were lost', async () => {
  const { db } = database();
  const gaps = async () => (await sql`select * from capture_gaps`.execute(db)).rows;
  expect(await run('history')).toMatchObject({ status: 'complete', pullRequests: 120 });
  expect(await gaps()).toEqual([]);
  expect(await run('verify')).toMatchObject({ status: 'complete', pullRequests: 0 });

  await db.deleteFrom('files').where('path', 'is not', null).execute();
  await db.deleteFrom('reviews').execute();
  await db.deleteFrom('comments').where('comment_type', '=', 'review').where('id', 'is not', null).execute();
  expect((await gaps()).length).toBeGreaterThan(100);
  const repaired = await run('verify');
  expect(repaired.status).toBe('complete');
  expect(repaired.pullRequests).toBeGreaterThan(100);
  expect(await gaps()).toEqual([]);
});

test('another capture of all the history finds review comments and threads that are gone', async () => {
  const { db } = database();
  const threads = [...repository.pulls.values()].flatMap((pull) => pull.threads);
  const [single] = threads.filter(({ comments }) => comments.length === 1);
  const [answered] = threads.filter(({ comments }) => comments.length > 2);
  const lone = single?.comments[0];
  const root = answered?.comments[0];
  if (!single || !answered || !lone || !root) throw new Error('the history lacks such threads');
  sandbox.clock.advance(3_600_000);
  await sandbox.change.deleteComment(lone, 'ada');
  // The answers to it still name it.
  await sandbox.change.deleteComment(root, 'ada');

  expect(await run('history', 'again')).toMatchObject({ status: 'complete', gaps: [] });
  const gone = await db
    .selectFrom('comments')
    .select(['id', 'body'])
    .where('comment_type', '=', 'review')
    .where('deleted_at', 'is not', null)
    .orderBy('id')
    .execute();
  expect(gone).toEqual([lone.id, root.id].sort((a, b) => a - b).map((id) => ({ id, body: null })));
  const closed = await db
    .selectFrom('review_threads')
    .select('id')
    .where('deleted_at', 'is not', null)
    .execute();
  expect(closed).toHaveLength(1);
  const left = await db
    .selectFrom('comments')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('comment_type', '=', 'review')
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  const truth = sandbox.truth(repository.id).comments ?? [];
  expect(Number(left.count)).toBe(truth.filter(({ comment_type: type }) => type === 'review').length);
  expect((await sql`select * from capture_gaps`.execute(db)).rows).toEqual([]);
});
