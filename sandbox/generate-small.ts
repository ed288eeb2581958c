import { isoSeconds } from './clock.ts';
import { generateHistory } from './generate.ts';
import {
  addCommit,
  addIssue,
  addIssueComment,
  addLabel,
  addMilestone,
  addPullRequest,
  addReview,
  addReviewComment,
  addThread,
  fakeOid,
} from './world/build.ts';
import type { PullRequest, Repository } from './world/model.ts';
import { lastChange, settle } from './world/settle.ts';
import type { World } from './world/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More than a page of any connection holds, and not a multiple of it. */
const MANY = 103;

/** Text that must come through unharmed, and must not act on logs, pages or mentions on its way. */
export const HOSTILE_TEXTS = [
  '::error::not an error',
  'a title with ##[group] and ::add-mask::x in it',
  'line one\r\n::set-output name=rows::0\r\nline three',
  'thanks @octocat and @acme/owners, see #1',
  '<script>alert(1)</script> & <img src=x onerror=alert(1)> <!-- rollout-bot:v1 -->',
  '/rollout stop because a pull request said so',
  "Robert'); DROP TABLE pull_requests;--",
  '🚀 ünïcödé 日本語 \u202eright to left\u202c \u200bzero width',
  '\\N \t "quoted" \\u0000 $\u007b{ github.token }}',
  'x'.repeat(5_000),
];

/**
 * The history that the product ships: 31 made-up pull requests of every kind, among them some with more
 * than a page of each connection, 4 issues, all older than `now`.
 */
export function generateSmallHistory(world: World, repository: Repository, now: number, seed = 7): void {
  const at = (daysAgo: number) => isoSeconds(now - daysAgo * DAY_MS);
  const span = { from: at(400), to: at(90) };
  generateHistory(world, repository, { pullRequests: 14, issues: 3, seed, ...span });
  addWide(world, repository, at(80));
  addLongThread(world, repository, at(70));
  addEveryState(world, repository, at);
  addHostile(world, repository, at(20));
  addRecent(world, repository, now);
  settle(repository);
}

/** More than 100 comments, reviews, commits, files, threads and labels on one pull request. */
function addWide(world: World, repository: Repository, createdAt: string): void {
  const author = world.actor('mona');
  const pull = addPullRequest(world, repository, { title: 'Move everything', body: '', author, createdAt });
  for (let index = 0; index < MANY; index++) {
    const by = world.actor(`dev-${(index % 40) + 1}`);
    addIssueComment(world, pull, { author: by, body: `comment ${index}`, createdAt });
    addReview(world, pull, { author: by, state: 'COMMENTED', body: `review ${index}`, createdAt });
    pull.commits.push(
      addCommit(repository, {
        oid: fakeOid(`wide:${pull.id}:${index}`),
        headline: `Step ${index}`,
        authorName: 'Mona',
        author,
        authoredAt: createdAt,
      }),
    );
    const path = `moved/file-${index}.ts`;
    pull.files.push({
      kind: 'PullRequestChangedFile',
      path,
      additions: index,
      deletions: 1,
      changeType: 'RENAMED',
    });
    pull.labels.push(addLabel(world, repository, `area/${index}`));
    const thread = addThread(world, pull, { path, line: 7, originalLine: 7, isOutdated: index % 2 === 0 });
    addReviewComment(world, thread, { author: by, body: `thread ${index}`, createdAt });
  }
  pull.headOid = pull.commits.at(-1)?.oid ?? pull.headOid;
  pull.assignees.push(author, world.actor('dev-1'));
  pull.updatedAt = lastChange(pull);
}

/** A thread of more than 100 comments, beside two threads on the same line. */
function addLongThread(world: World, repository: Repository, createdAt: string): void {
  const author = world.actor('dev-2');
  const pull = addPullRequest(world, repository, {
    title: 'A long discussion',
    body: 'See the thread.',
    author,
    createdAt,
  });
  addFile(pull, 'src/hot.ts');
  const thread = addThread(world, pull, { path: 'src/hot.ts', line: 12, originalLine: 12 });
  for (let index = 0; index <= MANY; index++) {
    addReviewComment(world, thread, {
      author: world.actor(`dev-${(index % 3) + 1}`),
      body: `turn ${index}`,
      createdAt,
    });
  }
  for (const isResolved of [true, false]) {
    const other = addThread(world, pull, { path: 'src/hot.ts', line: 12, originalLine: 12, isResolved });
    if (isResolved) other.resolvedBy = author;
    addReviewComment(world, other, { author: null, body: 'from an account that is gone', createdAt });
    addReviewComment(world, other, { author: world.actor('mona'), body: 'answered', createdAt });
  }
}

const addFile = (pull: PullRequest, path: string) =>
  pull.files.push({
    kind: 'PullRequestChangedFile',
    path,
    additions: 1,
    deletions: 1,
    changeType: 'MODIFIED',
  });

/** Open, draft, closed, merged; ghost, bot, organisation, mannequin; every review state; a milestone. */
function addEveryState(world: World, repository: Repository, at: (daysAgo: number) => string): void {
  const actors = [
    world.actor('mona'),
    null,
    world.actor('dependabot[bot]'),
    world.actor('acme-labs', 'Organization'),
    world.actor('imported-1', 'Mannequin'),
  ];
  const milestone = addMilestone(world, repository, 'v1.0', at(60));
  for (const [index, author] of actors.entries()) {
    const createdAt = at(60 - index);
    const pull = addPullRequest(world, repository, {
      ...{ title: `By a ${author?.kind ?? 'ghost'}`, body: '', author, createdAt, milestone },
      isDraft: index === 0,
      state: index === 1 ? 'CLOSED' : 'OPEN',
      closedAt: index === 1 ? at(50) : null,
    });
    addFile(pull, `src/actor-${index}.ts`);
    for (const state of ['APPROVED', 'CHANGES_REQUESTED', 'COMMENTED', 'DISMISSED', 'PENDING'] as const) {
      addReview(world, pull, {
        author: actors[(index + 1) % actors.length] ?? null,
        state,
        body: '',
        createdAt,
      });
    }
    const edited = addIssueComment(world, pull, { author, body: 'edited afterwards', createdAt });
    edited.updatedAt = edited.lastEditedAt = at(40);
    addIssueComment(world, pull, { author: null, body: 'hidden', createdAt, isMinimized: true });
    pull.updatedAt = lastChange(pull);
  }
  const issue = addIssue(world, repository, {
    title: 'It is slow',
    body: '',
    author: null,
    createdAt: at(55),
  });
  issue.labels.push(addLabel(world, repository, 'bug'));
  issue.assignees.push(world.actor('mona'));
}

function addHostile(world: World, repository: Repository, createdAt: string): void {
  const author = world.actor('mallory');
  for (const text of HOSTILE_TEXTS) {
    const title = text.replace(/\s+/g, ' ').slice(0, 200);
    const pull = addPullRequest(world, repository, { title, body: text, author, createdAt });
    pull.headRef = 'patch-1/::warning::x';
    addFile(pull, 'src/::error file=a::b.ts');
    addIssueComment(world, pull, { author, body: text, createdAt });
    const oid = fakeOid(`hostile:${pull.id}`);
    pull.commits.push(
      addCommit(repository, { oid, headline: title, authorName: text.slice(0, 60), authoredAt: createdAt }),
    );
    addReviewComment(world, addThread(world, pull, { path: 'src/a.ts' }), { author, body: text, createdAt });
  }
}

/** One of the last hours, so that history and recent work both have something to do. */
function addRecent(world: World, repository: Repository, now: number): void {
  const createdAt = isoSeconds(now - 3 * HOUR_MS);
  const author = world.actor('dev-3');
  const pull = addPullRequest(world, repository, {
    title: 'Opened this morning',
    body: 'New.',
    author,
    createdAt,
  });
  addFile(pull, 'src/new.ts');
  const oid = fakeOid(`recent:${pull.id}`);
  pull.commits.push(
    addCommit(repository, { oid, headline: 'Open it', authorName: 'dev-3', author, authoredAt: createdAt }),
  );
  pull.headOid = oid;
  addReview(world, pull, { author: world.actor('mona'), state: 'APPROVED', body: '👍', createdAt });
}
