import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { insertCapture } from '../jobs/captured-history.ts';
import { createInPglite, withDatabase } from '../support/databases.ts';
import {
  ACCOUNT,
  installationEvent,
  installationRepositoriesEvent,
  installed,
  issueCommentEvent,
  issuesEvent,
  labelEvent,
  pullRequestEvent,
  pushEvent,
  REPOSITORY,
  repositoryEvent,
  reviewCommentEvent,
  reviewEvent,
  reviewThreadEvent,
} from './payloads.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const database = withDatabase();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp(database());
});
afterAll(() => app.close());
afterEach(async () => {
  for (const table of ['deliveries', 'repositories', 'installations', 'contributors'] as const) {
    await app.db.deleteFrom(table).execute();
  }
  app.lines.length = 0;
});

const now = () => new Date().toISOString();
const MINUTE_AGO = new Date(Date.now() - 60_000);
MINUTE_AGO.setMilliseconds(0);
const RECENTLY = MINUTE_AGO.toISOString();

function jobs() {
  return app.db
    .selectFrom('progressive_capture_jobs')
    .select([
      'repository_id',
      'installation_id',
      'job_type',
      'target',
      'items',
      'include',
      'reason',
      'actor_id',
      'actor_login',
      'processor_type',
      'rule',
      'status',
      'is_critical',
      'delivery_id',
      'range_since',
      'range_until',
    ])
    .orderBy('created_at')
    .orderBy('job_type')
    .execute();
}

describe('one event, one job with its decision', () => {
  it.each([
    [
      'pull_request',
      pullRequestEvent('opened', 5, RECENTLY),
      'pull_requests',
      [5],
      ['pull-requests'],
      'small_batch',
    ],
    [
      'pull_request_review',
      reviewEvent('submitted', 6, RECENTLY),
      'pull_requests',
      [6],
      ['pull-requests'],
      'small_batch',
    ],
    [
      'pull_request_review_comment',
      reviewCommentEvent('created', 7, { id: 3, updated_at: RECENTLY }),
      'pull_requests',
      [7],
      ['pull-requests'],
      'small_batch',
    ],
    [
      'pull_request_review_thread',
      reviewThreadEvent('resolved', 8, RECENTLY),
      'pull_requests',
      [8],
      ['pull-requests'],
      'small_batch',
    ],
    [
      'issue_comment',
      issueCommentEvent('created', 9, { isPullRequest: true, comment: { updated_at: RECENTLY } }),
      'pull_requests',
      [9],
      ['pull-requests'],
      'small_batch',
    ],
    [
      'issue_comment',
      issueCommentEvent('edited', 10, { comment: { updated_at: RECENTLY } }),
      'issues',
      [10],
      ['issues'],
      'small_batch',
    ],
    ['issues', issuesEvent('closed', 11, RECENTLY), 'issues', [11], ['issues'], 'small_batch'],
  ])('%s', async (event, payload, type, items, include, rule) => {
    const delivery = randomUUID();
    expect((await app.post(event, payload, { delivery })).status).toBe(200);
    expect(await jobs()).toEqual([
      {
        repository_id: 7001,
        installation_id: 42,
        job_type: type,
        target: String(items[0]),
        items,
        include,
        reason: 'webhook',
        actor_id: 501,
        actor_login: 'octocat',
        processor_type: 'inngest',
        rule: expect.stringMatching(new RegExp(`^(${rule}|not_enrolled)$`)),
        status: 'queued',
        is_critical: false,
        delivery_id: delivery,
        range_since: MINUTE_AGO,
        range_until: MINUTE_AGO,
      },
    ]);
    const stored = await app.db.selectFrom('deliveries').selectAll().execute();
    const [job] = await app.db.selectFrom('progressive_capture_jobs').select('id').execute();
    expect(stored).toMatchObject([
      {
        id: delivery,
        event,
        action: payload.action,
        installation_id: 42,
        repository_id: 7001,
        outcome: 'planned',
        job_ids: [job?.id],
      },
    ]);
    const repository = await app.db.selectFrom('repositories').selectAll().executeTakeFirstOrThrow();
    expect(repository).toMatchObject({
      id: 7001,
      full_name: 'acme/widgets',
      installation_id: 42,
      is_private: false,
    });
  });

  it('follows a delivery through the log by the same keys', async () => {
    const delivery = randomUUID();
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY), { delivery });
    const lines = app.lines.filter((line) => line.delivery === delivery);
    expect(lines.map((line) => line.stage)).toEqual(['route', 'webhook']);
    expect(lines[0]).toMatchObject({
      job: expect.any(String),
      repository: 'acme/widgets',
      processor: 'inngest',
      rule: expect.any(String),
      duration_ms: expect.any(Number),
    });
    expect(lines[1]).toMatchObject({ event: 'pull_request', action: 'opened', status: 200, jobs: 1 });
  });

  it('push: the commits of the default branch, from the oldest one on, as recent work however old they are', async () => {
    const commits = [{ timestamp: '2020-01-01T00:00:00Z', added: [], modified: [], removed: [] }];
    await app.post('push', pushEvent({ commits }));
    expect(await jobs()).toMatchObject([
      {
        job_type: 'branch_commits',
        target: 'all',
        items: [],
        include: ['commits'],
        range_since: new Date('2019-12-31T23:59:59Z'),
        range_until: null,
        processor_type: 'inngest',
      },
    ]);
  });

  it('label: the labels of the repository', async () => {
    await app.post('label', labelEvent('created'));
    expect(await jobs()).toMatchObject([{ job_type: 'labels', target: 'all', include: ['labels'] }]);
  });

  it('push to another branch: nothing, 202', async () => {
    const answer = await app.post('push', pushEvent({ ref: 'refs/heads/topic' }));
    expect(answer).toMatchObject({ status: 202, body: { outcome: 'other_branch' } });
    expect(await jobs()).toEqual([]);
  });
});

describe('redelivery and coalescing', () => {
  it('a redelivery changes nothing and is answered 200', async () => {
    const delivery = randomUUID();
    const payload = pullRequestEvent('opened', 5, RECENTLY);
    await app.post('pull_request', payload, { delivery });
    const before = await app.db.selectFrom('progressive_capture_jobs').selectAll().execute();
    const answer = await app.post('pull_request', payload, { delivery });
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'redelivery' } });
    expect(await app.db.selectFrom('progressive_capture_jobs').selectAll().execute()).toEqual(before);
    expect(await app.db.selectFrom('deliveries').select('id').execute()).toEqual([{ id: delivery }]);
  });

  it('the same delivery twice at once is carried out once', async () => {
    const delivery = randomUUID();
    const payload = pullRequestEvent('opened', 5, RECENTLY);
    const answers = await Promise.all([1, 2, 3].map(() => app.post('pull_request', payload, { delivery })));
    expect(answers.map((answer) => answer.body.outcome).sort()).toEqual([
      'accepted',
      'redelivery',
      'redelivery',
    ]);
    expect(await jobs()).toHaveLength(1);
  });

  it('several events of one pull request within some seconds become one job with the widest range', async () => {
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
    await app.post('pull_request_review', reviewEvent('submitted', 5, '2026-11-01T00:00:00Z'));
    await app.post('issue_comment', issueCommentEvent('created', 5, { isPullRequest: true }));
    await app.post('pull_request', pullRequestEvent('labeled', 6, RECENTLY));
    expect(await jobs()).toMatchObject([
      { target: '5', range_since: new Date('2026-11-01T00:00:00Z'), range_until: MINUTE_AGO },
      { target: '6' },
    ]);
    const deliveries = await app.db
      .selectFrom('deliveries')
      .select('job_ids')
      .orderBy('received_at')
      .execute();
    expect(new Set(deliveries.slice(0, 3).map(({ job_ids }) => job_ids[0])).size).toBe(1);
  });

  it('an event that comes after the dispatch makes a new job', async () => {
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
    await app.db
      .updateTable('progressive_capture_jobs')
      .set({ status: 'dispatched', dispatched_at: new Date(), run: 1 })
      .execute();
    await app.post('pull_request', pullRequestEvent('edited', 5, RECENTLY));
    expect((await jobs()).map(({ status }) => status).sort()).toEqual(['dispatched', 'queued']);
  });
});

describe('installations', () => {
  it('created: the installation, its repositories, and a classification of each', async () => {
    const repositories = [installed(1, 'acme/one'), { ...installed(2, 'acme/two'), private: true }];
    const answer = await app.post('installation', installationEvent('created', repositories));
    expect(answer.status).toBe(200);
    expect(await app.db.selectFrom('installations').selectAll().execute()).toMatchObject([
      {
        id: 42,
        account_id: ACCOUNT.id,
        account_login: 'acme',
        account_type: 'Organization',
        deleted_at: null,
      },
    ]);
    const stored = app.db
      .selectFrom('repositories')
      .select(['id', 'full_name', 'is_private', 'installation_id']);
    expect(await stored.orderBy('id').execute()).toEqual([
      { id: 1, full_name: 'acme/one', is_private: false, installation_id: 42 },
      { id: 2, full_name: 'acme/two', is_private: true, installation_id: 42 },
    ]);
    expect(
      (await jobs()).map(({ repository_id, job_type, reason, rule }) => [
        repository_id,
        job_type,
        reason,
        rule,
      ]),
    ).toEqual(
      expect.arrayContaining([
        [1, 'classify', 'installation', expect.any(String)],
        [2, 'classify', 'installation', expect.any(String)],
      ]),
    );
  });

  it('deleted: its jobs are cancelled, its rows stay', async () => {
    await app.post('installation', installationEvent('created'));
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
    await app.post('installation', installationEvent('deleted'));
    const statuses = await app.db
      .selectFrom('progressive_capture_jobs')
      .select(['job_type', 'status'])
      .execute();
    expect(statuses).toContainEqual({ job_type: 'pull_requests', status: 'cancelled' });
    const repository = await app.db.selectFrom('repositories').selectAll().executeTakeFirstOrThrow();
    expect(repository.removed_at).toBeInstanceOf(Date);
    const installation = await app.db.selectFrom('installations').selectAll().executeTakeFirstOrThrow();
    expect(installation.deleted_at).toBeInstanceOf(Date);
  });

  it('a repository that moved to another installation before it is removed from this one keeps its jobs there', async () => {
    await app.post('installation', installationEvent('created', [installed(1, 'acme/one')]));
    await app.db.updateTable('repositories').set({ installation_id: 43 }).execute();
    await app.db.updateTable('progressive_capture_jobs').set({ installation_id: 43 }).execute();
    await app.post('installation_repositories', installationRepositoriesEvent('removed', [], [{ id: 1 }]));
    // The worker may have begun it.
    expect(['queued', 'dispatched', 'running']).toContain((await jobs())[0]?.status);
    expect(await app.db.selectFrom('repositories').select('removed_at').execute()).toEqual([
      { removed_at: null },
    ]);
  });

  it('repositories removed and added again', async () => {
    await app.post(
      'installation',
      installationEvent('created', [installed(1, 'acme/one'), installed(2, 'acme/two')]),
    );
    await app.post('installation_repositories', installationRepositoriesEvent('removed', [], [{ id: 2 }]));
    const removed = () =>
      app.db.selectFrom('repositories').select('id').where('removed_at', 'is not', null).execute();
    expect(await removed()).toEqual([{ id: 2 }]);
    await app.post(
      'installation_repositories',
      installationRepositoriesEvent('added', [installed(2, 'acme/zwei')], []),
    );
    expect(await removed()).toEqual([]);
    const two = await app.db.selectFrom('repositories').select('full_name').where('id', '=', 2).execute();
    expect(two).toEqual([{ full_name: 'acme/zwei' }]);
  });

  it('suspended and unsuspended: what happened meanwhile is captured, and a history that was cancelled begins again', async () => {
    await app.post('installation', installationEvent('created'));
    await app.post('installation', installationEvent('suspend'));
    const [suspended] = await app.db.selectFrom('installations').select('suspended_at').execute();
    expect(suspended?.suspended_at).toBeInstanceOf(Date);
    await app.post('installation', installationEvent('unsuspend'));
    const anHourBefore = new Date((suspended?.suspended_at?.getTime() ?? 0) - 3_600_000);
    const made = (await jobs()).filter(({ status }) => status !== 'cancelled');
    expect(made).toMatchObject([
      { repository_id: 7001, reason: 'installation', job_type: 'classify' },
      {
        ...{ repository_id: 7001, reason: 'installation', job_type: 'history' },
        ...{ range_since: anHourBefore, range_until: null },
      },
    ]);
    expect(await app.db.selectFrom('installations').select('suspended_at').execute()).toEqual([
      { suspended_at: null },
    ]);
  });

  it('unsuspended: a repository whose history is captured goes on from where that ended', async () => {
    await app.post('installation', installationEvent('created'));
    await app.db.deleteFrom('progressive_capture_jobs').execute();
    const startedAt = new Date('2026-01-02T03:04:05Z');
    await insertCapture(app.db, { repositoryId: 7001, startedAt });
    await app.post('installation', installationEvent('suspend'));
    await app.post('installation', installationEvent('unsuspend'));
    const made = (await jobs()).filter(({ status }) => status === 'queued');
    // In two parts, of which the recent one comes first.
    expect(made).toMatchObject([
      { job_type: 'history', target: 'recent', range_until: null },
      { job_type: 'history', range_since: new Date('2026-01-02T02:04:05Z') },
    ]);
    expect(made[1]?.range_until).toEqual(made[0]?.range_since);
  });
});

describe('repositories', () => {
  it('keeps its id and its jobs through a rename and a transfer', async () => {
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
    await app.post('repository', repositoryEvent('renamed', { full_name: 'acme/gadgets' }));
    await app.post('repository', repositoryEvent('archived', { full_name: 'acme/gadgets', archived: true }));
    await app.post(
      'repository',
      repositoryEvent('privatized', { full_name: 'acme/gadgets', archived: true, private: true }),
    );
    expect(await app.db.selectFrom('repositories').selectAll().execute()).toMatchObject([
      { id: 7001, full_name: 'acme/gadgets', is_archived: true, is_private: true, removed_at: null },
    ]);
    expect(await jobs()).toMatchObject([{ repository_id: 7001, status: 'queued' }]);
  });

  it('deleted: jobs are cancelled, the row stays with the day', async () => {
    await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
    await app.post('repository', repositoryEvent('deleted'));
    expect(await jobs()).toMatchObject([{ status: 'cancelled' }]);
    const repository = await app.db.selectFrom('repositories').select('removed_at').executeTakeFirstOrThrow();
    expect(repository.removed_at).toBeInstanceOf(Date);
  });

  it('one that is not stored stays unknown', async () => {
    expect((await app.post('repository', repositoryEvent('renamed'))).status).toBe(200);
    expect(await app.db.selectFrom('repositories').select('id').execute()).toEqual([]);
  });
});

describe('deletions leave a tombstone without the text, in the same transaction', () => {
  const base = { captured_at: '2026-11-01T00:00:00Z' };

  it('of a comment', async () => {
    await app.db.insertInto('repositories').values({ id: 7001, full_name: 'acme/widgets' }).execute();
    await app.db
      .insertInto('pull_requests')
      .values({
        id: 90,
        repository_id: 7001,
        number: 9,
        state: 'OPEN',
        created_at: '2026-11-01T00:00:00Z',
        updated_at: '2026-11-01T00:00:00Z',
        ...base,
      })
      .execute();
    await app.db
      .insertInto('comments')
      .values([
        {
          comment_type: 'issue',
          id: 80_001,
          pull_request_id: 90,
          body: 'words',
          created_at: '2026-11-01T00:00:00Z',
          ...base,
        },
        // Review comments are numbered apart: this one is another.
        {
          comment_type: 'review',
          id: 80_001,
          pull_request_id: 90,
          body: 'stays',
          created_at: '2026-11-01T00:00:00Z',
          ...base,
        },
      ])
      .execute();
    const before = Date.now();
    await app.post('issue_comment', issueCommentEvent('deleted', 9, { isPullRequest: true }));
    const comments = await app.db
      .selectFrom('comments')
      .select(['comment_type', 'body', 'deleted_at'])
      .orderBy('comment_type')
      .execute();
    expect(comments).toEqual([
      { comment_type: 'issue', body: null, deleted_at: expect.any(Date) },
      { comment_type: 'review', body: 'stays', deleted_at: null },
    ]);
    expect(comments[0]?.deleted_at?.getTime()).toBeGreaterThanOrEqual(before - 1);
    expect(await jobs()).toMatchObject([{ job_type: 'pull_requests', items: [9] }]);
  });

  it('of an issue: what hangs on it is gone with it, though no event tells of that', async () => {
    await app.db.insertInto('repositories').values({ id: 7001, full_name: 'acme/widgets' }).execute();
    const captured = { captured_at: '2026-11-01T00:00:00Z' };
    const issue = {
      id: 30_003,
      repository_id: 7001,
      number: 3,
      state: 'OPEN',
      title: 'T',
      body: 'secret',
    } as const;
    const times = { created_at: '2026-11-01T00:00:00Z', updated_at: '2026-11-01T00:00:00Z' };
    await app.db
      .insertInto('issues')
      .values({ ...issue, ...times, ...captured })
      .execute();
    await app.db
      .insertInto('comments')
      .values({
        ...{ comment_type: 'issue', id: 1, issue_id: 30_003, body: 'secret too' },
        ...times,
        ...captured,
      })
      .execute();
    await app.db
      .insertInto('issue_labels')
      .values({ issue_id: 30_003, name: 'bug', ...captured })
      .execute();
    expect((await app.post('issues', issuesEvent('deleted', 3, RECENTLY))).status).toBe(200);
    const comments = await app.db.selectFrom('comments').select(['body', 'deleted_at']).execute();
    expect(comments).toEqual([{ body: null, deleted_at: expect.any(Date) }]);
    expect(await app.db.selectFrom('issue_labels').selectAll().execute()).toEqual([]);
  });

  it('of an issue that was never captured', async () => {
    await app.db.insertInto('repositories').values({ id: 7001, full_name: 'acme/widgets' }).execute();
    await app.post('issues', issuesEvent('deleted', 3, RECENTLY));
    const issues = await app.db.selectFrom('issues').select(['id', 'number', 'body', 'deleted_at']).execute();
    expect(issues).toEqual([{ id: 30_003, number: 3, body: null, deleted_at: expect.any(Date) }]);
    expect(await jobs()).toEqual([]);
  });

  it('of a label, in a repository that is new to the store', async () => {
    expect((await app.post('label', labelEvent('deleted'))).status).toBe(200);
    const labels = await app.db.selectFrom('labels').select(['id', 'name', 'deleted_at']).execute();
    expect(labels).toEqual([{ id: 'LA_1', name: 'bug', deleted_at: expect.any(Date) }]);
  });
});

describe('when something is away, GitHub keeps the delivery', () => {
  it('answers 503 without a database, and nothing of the payload is in the log', async () => {
    const own = await createInPglite();
    const lonely = await startTestApp(own);
    try {
      await own.db.destroy();
      const payload = { ...pullRequestEvent('opened', 5, RECENTLY), marker: 'SECRET-IN-THE-PAYLOAD' };
      const answer = await lonely.post('pull_request', payload);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'database_away' } } });
      expect((await fetch(`${lonely.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${lonely.url}/healthz`)).status).toBe(200);
      expect(JSON.stringify(lonely.lines)).not.toContain('SECRET-IN-THE-PAYLOAD');
    } finally {
      await lonely.close();
    }
  });

  it("answers 503 when nobody says who owns the App: the default of ALLOWED_ACCOUNTS can't be known", async () => {
    const lonely = await startTestApp(await createInPglite(), { ALLOWED_ACCOUNTS: '' });
    try {
      const answer = await lonely.post('pull_request', pullRequestEvent('opened', 5, now()));
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'github_away' } } });
      expect(await lonely.db.selectFrom('deliveries').select('id').execute()).toEqual([]);
    } finally {
      await lonely.close();
    }
  });
});

it('takes the repository of the payload for what GitHub says it is', async () => {
  await app.post('pull_request', pullRequestEvent('opened', 5, RECENTLY));
  const renamed = {
    ...pullRequestEvent('opened', 6, RECENTLY),
    repository: { ...REPOSITORY, full_name: 'acme/new' },
  };
  await app.post('pull_request', renamed);
  expect(await app.db.selectFrom('repositories').select('full_name').execute()).toEqual([
    { full_name: 'acme/new' },
  ]);
});
