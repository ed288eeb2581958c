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

function run(type: JobType) {
  const { apiUrl, graphqlUrl, tokens } = sandbox;
  const token = tokens.issueUserToken(world.actor('reader'));
  return capture({
    log: () => {},
    destination: createDatabaseDestination({
      db: database().db,
      repositoryId: repository.id,
      checkpointKey: type,
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
  expect((await gaps()).length).toBeGreaterThan(100);
  const repaired = await run('verify');
  expect(repaired.status).toBe('complete');
  expect(repaired.pullRequests).toBeGreaterThan(100);
  expect(await gaps()).toEqual([]);
});
