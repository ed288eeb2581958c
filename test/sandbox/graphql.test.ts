import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSmallHistory } from '../../sandbox/generate-small.ts';
import { truthOf } from '../../sandbox/truth.ts';
import { addCommit, addPullRequest, addRepository, fakeOid } from '../../sandbox/world/build.ts';
import { startGithub, type TestGithub } from './start.ts';

let github: TestGithub;
beforeAll(async () => {
  github = await startGithub();
  generateSmallHistory(github.sandbox.world, github.repository, Date.parse('2026-01-01T00:00:00Z'));
});
afterAll(() => github.sandbox.close());

const REPOSITORY = 'repository(owner: "acme", name: "web")';

describe('connections', () => {
  it('pages through every pull request in both directions without a gap or a repeat', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const numbers: number[] = [];
      let after: string | null = null;
      do {
        const { data } = await github.query(
          `query ($after: String) { ${REPOSITORY} { pullRequests(first: 7, after: $after, orderBy: {field: CREATED_AT, direction: ${direction}}) {
            totalCount nodes { number createdAt } pageInfo { hasNextPage endCursor } } } }`,
          { after },
        );
        const page = data.repository.pullRequests;
        numbers.push(...page.nodes.map(({ number }: { number: number }) => number));
        expect(page.totalCount).toBe(github.repository.pulls.size);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers).toHaveLength(github.repository.pulls.size);
    }
  });

  it('goes on behind a cursor although items before it went away', async () => {
    const { sandbox, query } = github;
    const repository = addRepository(sandbox.world, 'acme/moving');
    const token = sandbox.tokens.issueUserToken(sandbox.world.actor('mona'));
    for (const title of ['one', 'two', 'three', 'four']) {
      await sandbox.change.openPullRequest(repository, 'mona', { title });
    }
    const page = (after: string | null) =>
      query(
        `query ($after: String) { repository(owner: "acme", name: "moving") { pullRequests(first: 2, after: $after) {
          nodes { title } pageInfo { endCursor hasNextPage } } } }`,
        { after },
        token,
      );
    const first = (await page(null)).data.repository.pullRequests;
    const [one] = [...repository.pulls.values()];
    if (one) sandbox.change.deletePullRequest(one);
    const second = (await page(first.pageInfo.endCursor)).data.repository.pullRequests;
    expect(second.nodes).toEqual([{ title: 'three' }, { title: 'four' }]);
    expect(second.pageInfo.hasNextPage).toBe(false);
  });

  it('takes a page from the end with last and before', async () => {
    const { data } = await github.query(
      `{ ${REPOSITORY} { pullRequests(last: 2) { nodes { number } pageInfo { hasPreviousPage startCursor } } } }`,
    );
    const { nodes, pageInfo } = data.repository.pullRequests;
    expect(pageInfo.hasPreviousPage).toBe(true);
    const before = await github.query(
      `query ($before: String) { ${REPOSITORY} { pullRequests(last: 1, before: $before) { nodes { number } } } }`,
      { before: pageInfo.startCursor },
    );
    expect(before.data.repository.pullRequests.nodes).toHaveLength(1);
    expect(nodes).not.toContainEqual(before.data.repository.pullRequests.nodes[0]);
  });

  it('refuses a cursor that it did not give', async () => {
    const { errors } = await github.query(
      `{ ${REPOSITORY} { pullRequests(first: 1, after: "x") { nodes { id } } } }`,
    );
    expect(errors?.[0]).toMatchObject({
      type: 'INVALID_CURSOR_ARGUMENTS',
      message: '`x` does not appear to be a valid cursor.',
    });
  });

  it('merges comments, reviews, commits and threads into one timeline, filtered by type and time', async () => {
    const wide = [...github.repository.pulls.values()].find(({ title }) => title === 'Move everything');
    const ask = (rest: string) =>
      github.query(
        `{ ${REPOSITORY} { pullRequest(number: ${wide?.number}) { timelineItems(${rest}) { totalCount pageCount nodes { __typename } } } } }`,
      );
    const { data } = await ask(
      'first: 100, itemTypes: [ISSUE_COMMENT, PULL_REQUEST_REVIEW, PULL_REQUEST_COMMIT]',
    );
    expect(data.repository.pullRequest.timelineItems).toMatchObject({ totalCount: 309, pageCount: 100 });
    const later = await ask('first: 100, itemTypes: [ISSUE_COMMENT], since: "2026-01-01T00:00:00Z"');
    expect(later.data.repository.pullRequest.timelineItems.totalCount).toBe(0);
    const unknown = await ask('first: 1, itemTypes: [PINNED_EVENT]');
    expect(unknown.errors?.[0]?.message).toBe('sandbox: timelineItems of type PINNED_EVENT is not modelled');
  });
});

describe('objects', () => {
  it('shows actors of every kind, and null for a ghost', async () => {
    const { data } = await github.query(
      `{ ${REPOSITORY} { pullRequests(first: 100) { nodes { title author { __typename login
        ... on User { databaseId } ... on Bot { databaseId } ... on Organization { databaseId } ... on Mannequin { databaseId } } } } } }`,
    );
    const by = (kind: string) =>
      data.repository.pullRequests.nodes.find(({ title }: { title: string }) => title === `By a ${kind}`)
        .author;
    expect(by('ghost')).toBeNull();
    expect(by('Bot')).toEqual({ __typename: 'Bot', login: 'dependabot', databaseId: expect.any(Number) });
    expect(by('Mannequin')).toMatchObject({ __typename: 'Mannequin', login: 'imported-1' });
    expect(by('Organization')).toMatchObject({ __typename: 'Organization', login: 'acme-labs' });
  });

  it('has ids beyond 31 bits: databaseId fails loudly, fullDatabaseId carries them', async () => {
    const { data, errors } = await github.query(
      `{ ${REPOSITORY} { pullRequest(number: ${[...github.repository.pulls.keys()][0]}) { databaseId fullDatabaseId } } }`,
    );
    expect(Number(data.repository.pullRequest.fullDatabaseId)).toBeGreaterThan(2 ** 31);
    expect(data.repository.pullRequest.databaseId).toBeNull();
    expect(errors?.[0]?.message).toContain('Int cannot represent non 32-bit signed integer');
  });

  it('numbers issue comments and review comments apart, so that their ids overlap', () => {
    const { comments = [] } = truthOf(github.repository);
    const ids = (type: string) => comments.filter((row) => row.comment_type === type).map(({ id }) => id);
    const review = new Set(ids('review'));
    expect(ids('issue').filter((id) => review.has(id)).length).toBeGreaterThan(100);
  });

  it('finds objects by node id, and reports the ids it does not know one by one', async () => {
    const pull = [...github.repository.pulls.values()].find(({ threads }) => threads.length > 0);
    const { data } = await github.query(
      `{ ${REPOSITORY} { pullRequest(number: ${pull?.number}) { id reviewThreads(first: 1) { nodes { id } } } } }`,
    );
    const ids = [
      data.repository.pullRequest.id,
      'PR_kwbm90',
      data.repository.pullRequest.reviewThreads.nodes[0].id,
    ];
    const answer = await github.query('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids });
    expect(answer.data.nodes).toEqual([
      { __typename: 'PullRequest', id: ids[0] },
      null,
      { __typename: 'PullRequestReviewThread', id: ids[2] },
    ]);
    expect(answer.errors).toMatchObject([{ type: 'NOT_FOUND', path: ['nodes', 1] }]);
  });

  it('shows the last 250 commits of a pull request in its timeline, and all of them as its commits', async () => {
    const { sandbox, query } = github;
    const repository = addRepository(sandbox.world, 'acme/long');
    github.installation.repositoryIds.add(repository.id);
    const pull = addPullRequest(sandbox.world, repository, {
      title: 'Long',
      createdAt: '2024-01-01T00:00:00Z',
    });
    for (let index = 0; index < 253; index++) {
      const authoredAt = new Date(Date.UTC(2024, 0, 1) + index * 60_000).toISOString().replace('.000', '');
      const text = { headline: `Step ${index}`, authorName: 'Mona' };
      pull.commits.push(addCommit(repository, { oid: fakeOid(`long:${index}`), authoredAt, ...text }));
    }
    const { token } = sandbox.tokens.issueInstallationToken(github.installation, github.installation);
    const { data } = await query(
      `{ repository(owner: "acme", name: "long") { pullRequest(number: 1) { commits { totalCount }
        timelineItems(first: 1, itemTypes: [PULL_REQUEST_COMMIT]) {
          totalCount nodes { ... on PullRequestCommit { commit { messageHeadline } } } } } } }`,
      {},
      token,
    );
    expect(data.repository.pullRequest).toEqual({
      commits: { totalCount: 253 },
      timelineItems: { totalCount: 250, nodes: [{ commit: { messageHeadline: 'Step 3' } }] },
    });
  });

  it('hides pending reviews', async () => {
    const pull = [...github.repository.pulls.values()].find(({ title }) => title === 'By a Bot');
    const { data } = await github.query(
      `{ ${REPOSITORY} { pullRequest(number: ${pull?.number}) { reviews(first: 10) { totalCount nodes { state } } } } }`,
    );
    expect(pull?.reviews).toHaveLength(5);
    expect(data.repository.pullRequest.reviews.totalCount).toBe(4);
  });

  it('answers NOT_FOUND for what is not there or not for this token', async () => {
    addRepository(github.sandbox.world, 'acme/hidden', { isPrivate: true });
    for (const name of ['nope', 'hidden']) {
      const { status, data, errors } = await github.query(
        `{ repository(owner: "acme", name: "${name}") { id } }`,
      );
      expect(status).toBe(200);
      expect(data).toEqual({ repository: null });
      expect(errors).toMatchObject([
        {
          type: 'NOT_FOUND',
          path: ['repository'],
          message: `Could not resolve to a Repository with the name 'acme/${name}'.`,
        },
      ]);
    }
  });

  it('refuses what the token has no permission for', async () => {
    const { sandbox, installation, query } = github;
    const { token } = sandbox.tokens.issueInstallationToken(installation, {
      repositoryIds: installation.repositoryIds,
      permissions: { issues: 'read' },
    });
    const { errors } = await query(
      `{ ${REPOSITORY} { id pullRequests(first: 1) { nodes { id } } } }`,
      {},
      token,
    );
    expect(errors).toMatchObject([{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }]);
  });

  it('says loudly what it does not model, and what the schema does not have', async () => {
    const unmodelled = await github.query(`{ ${REPOSITORY} { diskUsage } }`);
    expect(unmodelled.errors?.[0]?.message).toBe('sandbox: Repository.diskUsage is not modelled');
    const invalid = await github.query(`{ ${REPOSITORY} { noSuchField } }`);
    expect(invalid.data).toBeUndefined();
    expect(invalid.errors?.[0]?.message).toContain('noSuchField');
  });
});
