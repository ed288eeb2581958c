/**
 * The client that one writes first, to have something to compare with: serial; a page of 100 pull requests with all their
 * lists (as many as stay legal: comments of threads don't), then one request for each list that is longer than a page, and
 * one for each thread's comments. It halves a page that GitHub gives up on, and waits where GitHub says so.
 */
export interface NaiveOptions {
  graphqlUrl: string;
  token: string;
  repository: { owner: string; name: string };
  /** By the clock of the server. */
  now: () => number;
  /** Waits for a limit, milliseconds. */
  wait: (ms: number) => Promise<unknown>;
  /** Takes a row: a table of the database, column names as keys. */
  onRow: (table: string, row: Record<string, unknown>) => void;
  onProgress?: (pullRequests: number) => void;
}

export interface NaiveResult {
  pullRequests: number;
  requests: number;
  /** Pages that were asked for again, smaller. */
  halved: number;
  /** Milliseconds waited for limits. */
  waitedMs: number;
}

interface Connection {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes: Node[];
}
// biome-ignore lint/suspicious/noExplicitAny: what is in a node is the query's own.
type Node = Record<string, any>;

const PAGE = 100;
const AUTHOR = '{ __typename login ... on User { databaseId } ... on Bot { databaseId } }';
const COMMENT = `fullDatabaseId author ${AUTHOR} body createdAt updatedAt`;
const LISTS: Readonly<Record<string, string>> = {
  labels: 'name',
  assignees: '__typename login databaseId',
  comments: COMMENT,
  reviews: `fullDatabaseId author ${AUTHOR} state body submittedAt`,
  commits: 'commit { oid messageHeadline authoredDate author { name } }',
  files: 'path additions deletions changeType',
  reviewThreads: `id path line originalLine isResolved isOutdated resolvedBy { __typename login databaseId }`,
};
const THREAD_COMMENT = `${COMMENT} replyTo { fullDatabaseId }`;
const connection = (field: string, selection: string, after = '') =>
  `${field}(first: ${PAGE}${after}) { totalCount pageInfo { hasNextPage endCursor } nodes { ${selection} } }`;

const PULLS = `
query ($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) { databaseId
    pullRequests(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      pageInfo { hasNextPage endCursor }
      nodes { id fullDatabaseId number title body state locked author ${AUTHOR} authorAssociation createdAt updatedAt
        closedAt milestone { title } isDraft mergedAt mergedBy ${AUTHOR} mergeCommit { oid } baseRefName baseRefOid
        headRefName headRefOid reviewDecision additions deletions changedFiles
        ${Object.entries(LISTS)
          .map(([field, selection]) => connection(field, selection))
          .join('\n        ')} } } } }`;
const more = (type: string, field: string, selection: string) => `
query ($id: ID!, $after: String) { node(id: $id) { ... on ${type} { page: ${connection(field, selection, ', after: $after')} } } }`;

export async function captureNaively(options: NaiveOptions): Promise<NaiveResult> {
  const { repository, onRow } = options;
  const result: NaiveResult = { pullRequests: 0, requests: 0, halved: 0, waitedMs: 0 };
  const ask = createAsk(options, result);
  let after: string | null = null;
  let first = PAGE;
  for (;;) {
    const answer = await ask(PULLS, { ...repository, first, after });
    if (answer === null) {
      first = Math.max(1, first >> 1);
      result.halved += 1;
      continue;
    }
    first = PAGE;
    const { databaseId, pullRequests } = answer.repository;
    for (const pull of pullRequests.nodes) await takePull(pull, databaseId, ask, onRow);
    result.pullRequests += pullRequests.nodes.length;
    options.onProgress?.(result.pullRequests);
    if (!pullRequests.pageInfo.hasNextPage) return result;
    after = pullRequests.pageInfo.endCursor;
  }
}

type Ask = (query: string, variables: Node) => Promise<Node | null>;

/** Asks until there is an answer; null where GitHub gave up on the query. */
function createAsk(options: NaiveOptions, result: NaiveResult): Ask {
  return async (query, variables) => {
    for (;;) {
      result.requests += 1;
      const response = await fetch(options.graphqlUrl, {
        method: 'POST',
        headers: { authorization: `bearer ${options.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json()) as { data?: Node; errors?: { type?: string; message: string }[] };
      if (response.status === 502 || response.status === 504) return null;
      const isPrimary = body.errors?.some(({ type }) => type === 'RATE_LIMIT') ?? false;
      if (response.status === 403 || isPrimary) {
        const resetMs = Number(response.headers.get('x-ratelimit-reset')) * 1000 - options.now();
        const waitMs = isPrimary ? resetMs + 1000 : Number(response.headers.get('retry-after')) * 1000;
        result.waitedMs += waitMs;
        await options.wait(waitMs);
        continue;
      }
      if (response.status !== 200 || body.errors || !body.data) {
        throw new Error(`the naive client was answered ${response.status}: ${JSON.stringify(body.errors)}`);
      }
      return body.data;
    }
  };
}

async function takePull(
  pull: Node,
  repositoryId: number,
  ask: Ask,
  onRow: NaiveOptions['onRow'],
): Promise<void> {
  const id = Number(pull.fullDatabaseId);
  const see = (actor: Node | null): number | null => {
    if (!actor) return null;
    onRow('contributors', { id: actor.databaseId, login: actor.login, type: actor.__typename });
    return actor.databaseId;
  };
  onRow('pull_requests', pullRow(pull, repositoryId, see));
  const all = (field: string) =>
    readAll(pull[field], (after) => pageOf(ask, 'PullRequest', pull.id, field, LISTS[field] ?? '', after));
  for (const { name } of await all('labels')) onRow('pull_request_labels', { pull_request_id: id, name });
  for (const actor of await all('assignees')) {
    onRow('pull_request_assignees', { pull_request_id: id, contributor_id: see(actor) });
  }
  for (const comment of await all('comments')) {
    onRow('comments', { ...commentRow(comment, id, see), comment_type: 'issue' });
  }
  for (const review of await all('reviews')) {
    const { state, body, submittedAt: submitted_at } = review;
    const ids = { id: Number(review.fullDatabaseId), pull_request_id: id, author_id: see(review.author) };
    onRow('reviews', { ...ids, state, body, submitted_at });
  }
  for (const { commit } of await all('commits')) {
    onRow('commits', {
      ...{ pull_request_id: id, oid: commit.oid, message_headline: commit.messageHeadline },
      ...{ author_name: commit.author?.name ?? null, authored_at: commit.authoredDate },
    });
  }
  for (const { path, additions, deletions, changeType: change_type } of await all('files')) {
    onRow('files', { pull_request_id: id, path, additions, deletions, change_type });
  }
  for (const thread of await all('reviewThreads')) {
    onRow('review_threads', threadRow(thread, id, see));
    const next = (after: string | null) =>
      pageOf(ask, 'PullRequestReviewThread', thread.id, 'comments', THREAD_COMMENT, after);
    for (const comment of await readAll(await next(null), next)) {
      const in_reply_to_id = comment.replyTo ? Number(comment.replyTo.fullDatabaseId) : null;
      const of = { comment_type: 'review', review_thread_id: thread.id, in_reply_to_id };
      onRow('comments', { ...commentRow(comment, id, see), ...of });
    }
  }
}

async function readAll(first: Connection, next: (after: string | null) => Promise<Connection>) {
  const nodes = [...first.nodes];
  for (let page = first; page.pageInfo.hasNextPage; nodes.push(...page.nodes)) {
    page = await next(page.pageInfo.endCursor);
  }
  return nodes;
}

async function pageOf(
  ask: Ask,
  type: string,
  id: string,
  field: string,
  selection: string,
  after: string | null,
): Promise<Connection> {
  const answer = await ask(more(type, field, selection), { id, after });
  if (!answer?.node?.page) throw new Error(`the naive client could not read ${field} of ${id}`);
  return answer.node.page;
}

type See = (actor: Node | null) => number | null;

const pullRow = (pull: Node, repository_id: number, see: See) => ({
  ...{ id: Number(pull.fullDatabaseId), node_id: pull.id, repository_id, number: pull.number },
  ...{ title: pull.title, body: pull.body, state: pull.state, is_locked: pull.locked },
  ...{ author_id: see(pull.author), author_association: pull.authorAssociation },
  ...{ created_at: pull.createdAt, updated_at: pull.updatedAt, closed_at: pull.closedAt },
  ...{ milestone: pull.milestone?.title ?? null, is_draft: pull.isDraft, merged_at: pull.mergedAt },
  ...{ merged_by_id: see(pull.mergedBy), merge_commit_oid: pull.mergeCommit?.oid ?? null },
  ...{ base_ref: pull.baseRefName, base_oid: pull.baseRefOid, head_ref: pull.headRefName },
  ...{ head_oid: pull.headRefOid, review_decision: pull.reviewDecision, additions: pull.additions },
  ...{ deletions: pull.deletions, changed_files: pull.changedFiles },
  ...{ comments_count: pull.comments.totalCount, reviews_count: pull.reviews.totalCount },
  ...{ review_threads_count: pull.reviewThreads.totalCount, commits_count: pull.commits.totalCount },
  ...{ files_count: pull.files.totalCount, labels_count: pull.labels.totalCount },
  assignees_count: pull.assignees.totalCount,
});

const commentRow = (comment: Node, pull_request_id: number, see: See) => ({
  ...{ id: Number(comment.fullDatabaseId), pull_request_id, issue_id: null, review_thread_id: null },
  ...{ in_reply_to_id: null, author_id: see(comment.author), body: comment.body },
  ...{ created_at: comment.createdAt, updated_at: comment.updatedAt },
});

const threadRow = (thread: Node, pull_request_id: number, see: See) => ({
  ...{ id: thread.id, pull_request_id, path: thread.path, line: thread.line },
  ...{ original_line: thread.originalLine, is_resolved: thread.isResolved },
  ...{ is_outdated: thread.isOutdated, resolved_by_id: see(thread.resolvedBy) },
});
