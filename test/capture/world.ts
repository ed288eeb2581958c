import { GraphQLError } from 'graphql';
import { connection, type FakeRoot } from './fake-github.ts';

export interface PullRequestSize {
  labels?: number;
  assignees?: number;
  comments?: number;
  reviews?: number;
  commits?: number;
  files?: number;
  /** Number of comments of each review thread. */
  threads?: number[];
}

type Plain = Record<string, unknown>;

const AT = '2025-01-01T00:00:00Z';

export const USER = actor('User', 1, 'ada');
export const BOT = actor('Bot', 2, 'dependabot');
export const MANNEQUIN = actor('Mannequin', 3, 'old-import');

export function actor(type: string, databaseId: number, login: string): Plain {
  return {
    __typename: type,
    id: `${type}_${databaseId}`,
    databaseId,
    login,
    name: null,
    avatarUrl: `https://a/${databaseId}`,
  };
}

/** A repository as plain objects, for the fake GitHub, with what a complete capture of it must hold. */
export class World {
  readonly nodes = new Map<string, Plain>();
  readonly pullRequests: Plain[] = [];
  readonly issues: Plain[] = [];
  readonly labels: Plain[] = [];
  readonly commits: Plain[] = [];
  databaseId = 77;
  #id = 1_000;

  nextId(): number {
    this.#id += 1;
    return this.#id;
  }

  addPullRequest(size: PullRequestSize = {}, fields: Plain = {}): Plain {
    const id = this.nextId();
    const number = Number(fields.number ?? this.pullRequests.length + 1);
    const lists = {
      labels: range(size.labels, (i) => ({ name: `label-${i}` })),
      assignees: range(size.assignees, (i) => actor('User', 100 + i, `user-${i}`)),
      comments: range(size.comments, (i) => this.comment('IssueComment', `comment ${i}`)),
      reviews: range(size.reviews, (i) => this.review(`review ${i}`)),
      commits: range(size.commits, (i) => ({
        commit: commit(`${number}`.padStart(8, '0') + `${i}`.padStart(32, '0')),
      })),
      files: range(size.files, (i) => ({
        path: `src/${i}.ts`,
        additions: i,
        deletions: 1,
        changeType: 'MODIFIED',
      })),
      // Two that begin at one line can't be told apart by it.
      reviewThreads: (size.threads ?? []).map((comments, i) => this.thread(comments, Math.floor(i / 2))),
    };
    const node: Plain = {
      __typename: 'PullRequest',
      id: `PR_${id}`,
      databaseId: id,
      fullDatabaseId: String(id),
      number,
      title: `Pull request ${number}`,
      body: `Body ${number}`,
      state: 'MERGED',
      isDraft: false,
      locked: false,
      author: USER,
      authorAssociation: 'MEMBER',
      createdAt: AT,
      updatedAt: AT,
      closedAt: AT,
      mergedAt: AT,
      mergedBy: BOT,
      mergeCommit: { __typename: 'Commit', oid: 'a'.repeat(40) },
      baseRefName: 'main',
      baseRefOid: 'b'.repeat(40),
      headRefName: 'topic',
      headRefOid: 'c'.repeat(40),
      headRepository: null,
      milestone: { title: 'v1' },
      reviewDecision: 'APPROVED',
      additions: 1,
      deletions: 2,
      changedFiles: lists.files.length,
      totalCommentsCount: () =>
        lists.comments.length +
        lists.reviewThreads.reduce((sum, thread) => sum + (thread.list as Plain[]).length, 0),
      timelineItems: timelineOf(lists),
      lists,
      ...Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, connection(list as Plain[])])),
      ...fields,
    };
    this.nodes.set(String(node.id), node);
    this.pullRequests.push(node);
    return node;
  }

  addIssue(size: { comments?: number; labels?: number; assignees?: number } = {}, fields: Plain = {}): Plain {
    const id = this.nextId();
    const node: Plain = {
      __typename: 'Issue',
      id: `I_${id}`,
      databaseId: id,
      fullDatabaseId: String(id),
      number: 10_000 + this.issues.length,
      title: 'Issue',
      body: '',
      state: 'CLOSED',
      stateReason: 'COMPLETED',
      locked: false,
      author: null,
      authorAssociation: 'NONE',
      createdAt: AT,
      updatedAt: AT,
      closedAt: AT,
      milestone: null,
      comments: connection(range(size.comments, (i) => this.comment('IssueComment', `on issue ${i}`))),
      labels: connection(range(size.labels, (i) => ({ name: `label-${i}` }))),
      assignees: connection(range(size.assignees, (i) => actor('User', 100 + i, `user-${i}`))),
      ...fields,
    };
    this.nodes.set(String(node.id), node);
    this.issues.push(node);
    return node;
  }

  addLabel(name: string): void {
    this.labels.push({ id: `LA_${name}`, name, color: 'ffffff', description: null, isDefault: false });
  }

  addCommits(count: number): void {
    for (let i = 0; i < count; i += 1) this.commits.push(commit(`${i}`.padStart(40, 'd')));
  }

  comment(type: string, body: string): Plain {
    const id = this.nextId();
    const authors = [USER, BOT, MANNEQUIN, null];
    return {
      __typename: type,
      id: `C_${id}`,
      databaseId: id,
      fullDatabaseId: String(id),
      author: authors[id % 4],
      authorAssociation: 'NONE',
      body,
      isMinimized: false,
      createdAt: AT,
      updatedAt: AT,
      pullRequestReview: null,
      replyTo: null,
    };
  }

  review(body: string): Plain {
    const id = this.nextId();
    return {
      id: `R_${id}`,
      databaseId: id,
      fullDatabaseId: null,
      author: USER,
      authorAssociation: 'MEMBER',
      state: 'APPROVED',
      body,
      commit: { oid: 'e'.repeat(40) },
      submittedAt: AT,
      createdAt: AT,
      updatedAt: AT,
    };
  }

  thread(comments: number, line = 3): Plain {
    const id = `T_${this.nextId()}`;
    const list = range(comments, (i) => this.comment('PullRequestReviewComment', `remark ${i}`));
    for (const comment of list.slice(1)) comment.replyTo = list[0];
    const node: Plain = {
      __typename: 'PullRequestReviewThread',
      id,
      path: 'src/0.ts',
      line,
      originalLine: line,
      startLine: null,
      originalStartLine: null,
      diffSide: 'RIGHT',
      subjectType: 'LINE',
      isResolved: true,
      isOutdated: false,
      resolvedBy: USER,
      list,
      comments: connection(list),
    };
    this.nodes.set(id, node);
    return node;
  }

  /** The schema's root fields, and REST's lists. */
  root(): FakeRoot {
    const byNumber =
      (list: Plain[]) =>
      ({ number }: { number: number }) => {
        const found = list.find((item) => item.number === number);
        if (found === undefined) {
          throw new GraphQLError(`Could not resolve to a node with the number of ${number}.`, {
            extensions: { type: 'NOT_FOUND' },
          });
        }
        return found;
      };
    const ordered =
      (list: Plain[]) => (args: { first: number; after?: string; orderBy?: { field: string } }) =>
        connection(
          args.orderBy?.field === 'UPDATED_AT'
            ? list.toSorted((a, b) => String(b.updatedAt).localeCompare(String(a.updatedAt)))
            : list,
        )(args);
    const head: Plain = {
      __typename: 'Commit',
      oid: 'f'.repeat(40),
      history: connection(() => this.commits),
    };
    const repository = {
      id: 'R_1',
      databaseId: () => this.databaseId,
      nameWithOwner: 'octo/repo',
      isPrivate: false,
      isArchived: false,
      isFork: false,
      isEmpty: false,
      createdAt: AT,
      stargazerCount: 5,
      defaultBranchRef: () => (this.commits.length === 0 ? null : { name: 'main', target: head }),
      mentionableUsers: connection([USER, BOT, MANNEQUIN]),
      pullRequests: ordered(this.pullRequests),
      issues: ordered(this.issues),
      labels: connection(() => this.labels),
      pullRequest: byNumber(this.pullRequests),
      issue: byNumber(this.issues),
    };
    return {
      lists: {
        '/repos/octo/repo/pulls': () => this.pullRequests.map((pull) => this.restPull(pull)),
        '/repos/octo/repo/pulls/comments': () => this.pullRequests.flatMap(restReviewComments),
        '/repos/octo/repo/issues/comments': () =>
          [...this.pullRequests, ...this.issues].flatMap(restComments),
      },
      repository: ({ owner, name }: { owner: string; name: string }) => {
        if (`${owner}/${name}` === 'octo/repo') return repository;
        throw new GraphQLError(`Could not resolve to a Repository with the name '${owner}/${name}'.`, {
          extensions: { type: 'NOT_FOUND' },
        });
      },
      node: ({ id }: { id: string }) => {
        const found = this.nodes.get(id);
        if (found !== undefined) return found;
        throw new GraphQLError(`Could not resolve to a node with the global id of '${id}'.`, {
          extensions: { type: 'NOT_FOUND' },
        });
      },
    };
  }

  restPull({ number, updatedAt, lists }: Plain): Plain {
    const { labels = [], assignees = [] } = lists as Record<string, Plain[]>;
    return {
      number,
      updated_at: updatedAt,
      labels: labels.map(({ name }) => ({ name })),
      assignees: assignees.map(restUser),
      base: { repo: { id: this.databaseId } },
    };
  }

  /** The keys that a complete capture of the pull requests stores, by table. */
  pullRequestKeys(): Record<string, string[]> {
    const keys: Record<string, string[]> = {};
    const add = (table: string, ...parts: unknown[]) => {
      keys[table] ??= [];
      keys[table].push(parts.join('|'));
    };
    for (const pull of this.pullRequests) {
      const id = pull.databaseId;
      const lists = pull.lists as Record<string, Plain[]>;
      add('pull_requests', id);
      add('snapshots', id);
      for (const { name } of lists.labels ?? []) add('pull_request_labels', id, name);
      for (const { databaseId } of lists.assignees ?? []) add('pull_request_assignees', id, databaseId);
      for (const node of lists.comments ?? []) add('comments', 'issue', node.databaseId, id);
      for (const node of lists.reviews ?? []) add('reviews', node.databaseId);
      for (const node of lists.commits ?? []) add('commits', id, (node.commit as Plain).oid);
      for (const node of lists.files ?? []) add('files', id, node.path);
      for (const thread of lists.reviewThreads ?? []) {
        add('review_threads', thread.id);
        for (const node of thread.list as Plain[]) add('comments', 'review', node.databaseId, id, thread.id);
      }
    }
    return sortAll(keys);
  }
}

/** Comments, reviews and commits together, as `timelineItems` with their three types shows them. */
function timelineOf(lists: Record<string, Plain[]>) {
  return connection(() => [
    ...(lists.comments ?? []),
    ...(lists.reviews ?? []).map((node) => ({ __typename: 'PullRequestReview', ...node })),
    ...(lists.commits ?? []).slice(0, 250).map((node) => ({ __typename: 'PullRequestCommit', ...node })),
  ]);
}

function restUser(account: unknown): Plain | null {
  if (!account) return null;
  const { __typename: type, databaseId: id, login, id: node_id, avatarUrl } = account as Plain;
  return { id, login: type === 'Bot' ? `${login}[bot]` : login, node_id, type, avatar_url: avatarUrl };
}

function restReviewComments(pull: Plain): Plain[] {
  return (pull.lists as Record<string, Plain[]>).reviewThreads?.flatMap((thread) =>
    (thread.list as Plain[]).map((comment) => ({
      id: comment.databaseId,
      node_id: comment.id,
      pull_request_url: `https://github.test/repos/octo/repo/pulls/${pull.number}`,
      html_url: `https://github.test/octo/repo/pull/${pull.number}#discussion_r${comment.databaseId}`,
      pull_request_review_id: null,
      ...(comment.replyTo ? { in_reply_to_id: (comment.replyTo as Plain).databaseId } : {}),
      user: restUser(comment.author),
      author_association: comment.authorAssociation,
      body: comment.body,
      created_at: comment.createdAt,
      updated_at: comment.updatedAt,
      path: thread.path,
      original_line: thread.originalLine,
      original_start_line: thread.originalStartLine,
      side: thread.diffSide,
      subject_type: String(thread.subjectType).toLowerCase(),
    })),
  ) as Plain[];
}

function restComments(item: Plain): Plain[] {
  const kind = item.__typename === 'Issue' ? 'issues' : 'pull';
  return ((item.lists as Record<string, Plain[]> | undefined)?.comments ?? []).map((comment) => ({
    id: comment.databaseId,
    html_url: `https://github.test/octo/repo/${kind}/${item.number}#issuecomment-${comment.databaseId}`,
    updated_at: comment.updatedAt,
  }));
}

export function sortAll(keys: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(keys)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([table, list]) => [table, list.sort()]),
  );
}

function range<T>(count: number | undefined, make: (index: number) => T): T[] {
  return Array.from({ length: count ?? 0 }, (_, index) => make(index));
}

function commit(oid: string): Plain {
  return {
    __typename: 'Commit',
    oid,
    messageHeadline: 'Do it',
    messageBody: '',
    authoredDate: AT,
    committedDate: AT,
    author: { name: 'Ada', user: null },
    committer: { name: 'GitHub' },
  };
}
