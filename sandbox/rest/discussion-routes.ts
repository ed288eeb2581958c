import { canSee } from '../access/grant.ts';
import { isoSeconds } from '../clock.ts';
import { addIssue, addIssueComment } from '../world/build.ts';
import type {
  Issue,
  IssueComment,
  PullRequest,
  Reaction,
  Repository,
  ReviewComment,
} from '../world/model.ts';
import {
  representInside,
  representIssue,
  representIssueComment,
  representPull,
  representPullInList,
  representReaction,
  representReview,
  representReviewComment,
} from './represent-discussion.ts';
import {
  type Call,
  HttpError,
  notFound,
  numberParam,
  paginate,
  type Route,
  repositoryOf,
  route,
} from './router.ts';

type Discussion = PullRequest | Issue;

const READ = 'issues|pull_requests';
const MAX_BODY = 65_536;

interface Dated {
  readonly id: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const kept = new WeakMap<Repository, { version: number; lists: Map<string, Dated[]> }>();

/**
 * A list by `sort` and `direction`, kept until the repository changes: walking a list of 40,000 comments
 * must not sort it for every page.
 */
function sorted<T extends Dated>(
  { request }: Call,
  repository: Repository,
  name: string,
  read: () => T[],
  fallback: 'asc' | 'desc',
): T[] {
  const field = request.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt';
  const direction = request.query.get('direction') ?? fallback;
  let cache = kept.get(repository);
  if (cache?.version !== repository.version) {
    cache = { version: repository.version, lists: new Map() };
    kept.set(repository, cache);
  }
  const key = `${name} ${field} ${direction}`;
  let list = cache.lists.get(key) as T[] | undefined;
  if (!list) {
    const sign = direction === 'desc' ? -1 : 1;
    list = read().sort((a, b) => sign * (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : a.id - b.id));
    cache.lists.set(key, list);
  }
  return list;
}

/** What changed at or after `since`, where the list knows that parameter. */
function changedSince<T extends Dated>({ request }: Call, items: T[]): T[] {
  const since = request.query.get('since');
  if (since === null) return items;
  // Compared as texts of whole seconds: a long list is looked through for each of its pages.
  const sinceMs = Date.parse(since);
  if (Number.isNaN(sinceMs)) throw new HttpError(422, 'Validation Failed');
  const earliest = isoSeconds(Math.ceil(sinceMs / 1000) * 1000);
  return items.filter(({ updatedAt }) => updatedAt >= earliest);
}

const reviewCommentsOf = ({ threads }: PullRequest) => threads.flatMap(({ comments }) => comments);

function inState<T extends Discussion>({ request }: Call, items: T[]): T[] {
  const state = request.query.get('state') ?? 'open';
  if (!['open', 'closed', 'all'].includes(state)) throw new HttpError(422, 'Validation Failed');
  if (state === 'all') return items;
  return items.filter((item) => (item.state === 'OPEN') === (state === 'open'));
}

function pullOf(call: Call): PullRequest {
  const pull = repositoryOf(call, 'pull_requests').pulls.get(numberParam(call, 'number'));
  if (!pull) throw notFound();
  return pull;
}

function discussionOf(call: Call, level: 'read' | 'write'): Discussion {
  const repository = repositoryOf(call, READ, level);
  const number = numberParam(call, 'number');
  const found = repository.issues.get(number) ?? repository.pulls.get(number);
  if (!found) throw notFound();
  return found;
}

function commentOf(call: Call, kind: 'IssueComment' | 'PullRequestReviewComment', level: 'read' | 'write') {
  const repository = repositoryOf(call, kind === 'IssueComment' ? READ : 'pull_requests', level);
  const comment: IssueComment | ReviewComment | undefined = call.sandbox.world.find(
    kind,
    numberParam(call, 'id'),
  );
  const owner = comment && repositoryOfComment(comment);
  if (!comment || owner !== repository || !canSee(call.grant, repository)) throw notFound();
  return comment;
}

const repositoryOfComment = (comment: IssueComment | ReviewComment): Repository =>
  comment.kind === 'IssueComment' ? comment.subject.repository : comment.thread.pull.repository;

const allOf = (repository: Repository): Discussion[] => [
  ...repository.pulls.values(),
  ...repository.issues.values(),
];

function bodyOf({ request }: Call): string {
  const body = (request.body as { body?: unknown } | undefined)?.body;
  if (typeof body !== 'string' || body.trim() === '') {
    throw new HttpError(422, 'Validation Failed', {
      errors: [{ resource: 'IssueComment', code: 'missing_field', field: 'body' }],
    });
  }
  if (body.length > MAX_BODY) {
    throw new HttpError(422, 'Validation Failed', {
      errors: [
        {
          resource: 'IssueComment',
          code: 'unprocessable',
          field: 'data',
          message: `Body is too long (maximum is ${MAX_BODY} characters)`,
        },
      ],
    });
  }
  return body;
}

function postComment(call: Call) {
  const subject = discussionOf(call, 'write');
  const body = bodyOf(call);
  const { sandbox, grant } = call;
  const createdAt = isoSeconds(sandbox.clock.now());
  const comment = addIssueComment(sandbox.world, subject, {
    author: grant.actor,
    body,
    createdAt,
    viaApp: grant.kind === 'installation',
  });
  subject.updatedAt = createdAt;
  subject.repository.version++;
  // As on GitHub, the answer does not wait for the webhook.
  void sandbox.announce('issue_comment', 'created', { comment, sender: grant.actor });
  return { status: 201, body: representIssueComment(sandbox, sandbox.app.slug, comment) };
}

function postIssue(call: Call) {
  const repository = repositoryOf(call, 'issues', 'write');
  const { title, body = null } = (call.request.body ?? {}) as { title?: unknown; body?: unknown };
  if (typeof title !== 'string' || title.trim() === '' || (body !== null && typeof body !== 'string')) {
    throw new HttpError(422, 'Validation Failed', {
      errors: [{ resource: 'Issue', code: 'missing_field', field: 'title' }],
    });
  }
  const { sandbox, grant } = call;
  const createdAt = isoSeconds(sandbox.clock.now());
  const issue = addIssue(sandbox.world, repository, {
    author: grant.actor,
    title,
    body: body ?? '',
    createdAt,
  });
  void sandbox.announce('issues', 'opened', { issue, sender: grant.actor });
  return { status: 201, body: representIssue(sandbox, issue) };
}

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'];

/** The same reaction of the same account again is answered 200 with the one that exists. */
function react(call: Call, comment: IssueComment | ReviewComment) {
  const content = (call.request.body as { content?: unknown } | undefined)?.content;
  if (typeof content !== 'string' || !CONTENTS.includes(content))
    throw new HttpError(422, 'Validation Failed');
  const { sandbox, grant } = call;
  comment.reactions ??= [];
  const known = comment.reactions.find((one) => one.content === content && one.user === grant.actor);
  if (known) return { status: 200, body: representReaction(sandbox, known) };
  const reaction: Reaction = {
    id: sandbox.world.nextId('reaction'),
    content,
    user: grant.actor,
    createdAt: isoSeconds(sandbox.clock.now()),
  };
  comment.reactions.push(reaction);
  return { status: 201, body: representReaction(sandbox, reaction) };
}

export const DISCUSSION_ROUTES: Route[] = [
  route('GET /repos/{owner}/{repo}/pulls', (call) => {
    const repository = repositoryOf(call, 'pull_requests');
    const fallback = (call.request.query.get('sort') ?? 'created') === 'created' ? 'desc' : 'asc';
    const pulls = sorted(call, repository, 'pulls', () => [...repository.pulls.values()], fallback);
    const inside = representInside(call.sandbox, repository);
    return paginate(call, inState(call, pulls), (pull) => representPullInList(call.sandbox, pull, inside));
  }),
  route('GET /repos/{owner}/{repo}/pulls/comments', (call) => {
    const repository = repositoryOf(call, 'pull_requests');
    const read = () => [...repository.pulls.values()].flatMap(reviewCommentsOf);
    const comments = sorted(call, repository, 'review comments', read, 'asc');
    return paginate(call, changedSince(call, comments), (comment) =>
      representReviewComment(call.sandbox, comment),
    );
  }),
  route('GET /repos/{owner}/{repo}/pulls/comments/{id}', (call) => ({
    status: 200,
    body: representReviewComment(
      call.sandbox,
      commentOf(call, 'PullRequestReviewComment', 'read') as ReviewComment,
    ),
  })),
  route('GET /repos/{owner}/{repo}/pulls/{number}', (call) => ({
    status: 200,
    body: representPull(call.sandbox, pullOf(call)),
  })),
  route('GET /repos/{owner}/{repo}/pulls/{number}/reviews', (call) =>
    paginate(
      call,
      pullOf(call).reviews.filter(({ state }) => state !== 'PENDING'),
      (review) => representReview(call.sandbox, review),
    ),
  ),
  route('GET /repos/{owner}/{repo}/pulls/{number}/comments', (call) => {
    const pull = pullOf(call);
    const name = `review comments of ${pull.number}`;
    const comments = sorted(call, pull.repository, name, () => reviewCommentsOf(pull), 'asc');
    return paginate(call, changedSince(call, comments), (comment) =>
      representReviewComment(call.sandbox, comment),
    );
  }),
  route('GET /repos/{owner}/{repo}/issues', (call) => {
    const repository = repositoryOf(call, READ);
    const items = sorted(call, repository, 'issues', () => allOf(repository), 'desc');
    return paginate(call, inState(call, changedSince(call, items)), (item) =>
      representIssue(call.sandbox, item),
    );
  }),
  route('POST /repos/{owner}/{repo}/issues', postIssue),
  route('GET /repos/{owner}/{repo}/issues/comments', (call) => {
    const repository = repositoryOf(call, READ);
    const read = () => allOf(repository).flatMap((item) => item.comments);
    return paginate(call, changedSince(call, sorted(call, repository, 'comments', read, 'asc')), (comment) =>
      representIssueComment(call.sandbox, call.sandbox.app.slug, comment),
    );
  }),
  route('GET /repos/{owner}/{repo}/issues/comments/{id}', (call) => ({
    status: 200,
    body: representIssueComment(
      call.sandbox,
      call.sandbox.app.slug,
      commentOf(call, 'IssueComment', 'read') as IssueComment,
    ),
  })),
  route('GET /repos/{owner}/{repo}/issues/{number}', (call) => ({
    status: 200,
    body: representIssue(call.sandbox, discussionOf(call, 'read')),
  })),
  route('GET /repos/{owner}/{repo}/issues/{number}/comments', (call) => {
    const item = discussionOf(call, 'read');
    const comments = sorted(
      call,
      item.repository,
      `comments of ${item.number}`,
      () => [...item.comments],
      'asc',
    );
    return paginate(call, changedSince(call, comments), (comment) =>
      representIssueComment(call.sandbox, call.sandbox.app.slug, comment),
    );
  }),
  route('POST /repos/{owner}/{repo}/issues/{number}/comments', postComment),
  route('POST /repos/{owner}/{repo}/issues/comments/{id}/reactions', (call) =>
    react(call, commentOf(call, 'IssueComment', 'write')),
  ),
  route('POST /repos/{owner}/{repo}/pulls/comments/{id}/reactions', (call) =>
    react(call, commentOf(call, 'PullRequestReviewComment', 'write')),
  ),
];
