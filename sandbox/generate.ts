import { isoSeconds } from './clock.ts';
import { type PullCounts, planCounts } from './densities.ts';
import { createRandom, type Random } from './random.ts';
import {
  addCommit,
  addIssue,
  addIssueComment,
  addLabel,
  addPullRequest,
  addReview,
  addReviewComment,
  addThread,
  fakeOid,
} from './world/build.ts';
import type { Actor, PullRequest, Repository } from './world/model.ts';
import { addMergeCommit, lastChange, settle } from './world/settle.ts';
import type { World } from './world/world.ts';

export interface HistoryOptions {
  pullRequests: number;
  issues?: number;
  seed?: number;
  /** When the first pull request was opened. */
  from?: string;
  /** When the last one was. */
  to?: string;
}

const WORDS =
  'cache parser retry queue index worker token schema batch cursor stream limit field test build'.split(' ');
const VERBS = 'Fix,Add,Remove,Speed up,Rework,Document,Test,Rename,Simplify'.split(',');
const REVIEW_STATES = ['COMMENTED', 'APPROVED', 'APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'] as const;
const LABELS = 'bug,feature,docs,chore,performance,security,breaking,good first issue'.split(',');

/** The accounts that write in a generated history: people, bots, and ghosts (null). */
function people(world: World): (Actor | null)[] {
  const users = Array.from({ length: 40 }, (_, index) => world.actor(`dev-${index + 1}`));
  return [...users, world.actor('dependabot[bot]'), world.actor('github-actions[bot]'), null];
}

/**
 * Fills a repository with a made-up history of any length, of exactly the densities of `densities.ts`: the same options
 * make the same history.
 * Bodies are drawn from a few texts, so that 20,000 pull requests stay well below 1 GB.
 */
export function generateHistory(world: World, repository: Repository, options: HistoryOptions): void {
  const random = createRandom(options.seed ?? 1);
  const from = Date.parse(options.from ?? '2021-01-01T00:00:00Z');
  const to = Date.parse(options.to ?? '2025-12-31T00:00:00Z');
  const authors = people(world);
  const texts = Array.from({ length: 200 }, () => sentence(random, random.whole(3, 40)));
  const total = options.pullRequests + (options.issues ?? 0);
  const counts = planCounts(random, options.pullRequests);
  let pulls = 0;
  for (let index = 0; index < total; index++) {
    const at = from + ((to - from) * index) / Math.max(1, total - 1);
    // Pull requests and issues share the numbers and are spread evenly over them.
    const isPull = Math.floor(((index + 1) * options.pullRequests) / total) > pulls;
    const has = counts[pulls];
    if (isPull && has) {
      pulls++;
      generatePull(world, repository, random, { at, authors, texts, has });
    } else {
      const createdAt = isoSeconds(at);
      const issue = addIssue(world, repository, {
        title: title(random),
        body: random.pick(texts),
        author: random.pick(authors),
        createdAt,
      });
      for (let comment = random.count(2); comment > 0; comment--) {
        addIssueComment(world, issue, { author: random.pick(authors), body: random.pick(texts), createdAt });
      }
    }
  }
  settle(repository);
}

const HOUR_MS = 3_600_000;

function generatePull(
  world: World,
  repository: Repository,
  random: Random,
  { at, authors, texts, has }: { at: number; authors: (Actor | null)[]; texts: string[]; has: PullCounts },
): PullRequest {
  const author = random.pick(authors);
  const later = () => isoSeconds(at + random.whole(60, 14 * 24 * 3600) * 1000);
  const closedAt = isoSeconds(at + random.whole(1, 400) * HOUR_MS);
  const state = random.chance(0.85) ? 'MERGED' : random.chance(0.6) ? 'CLOSED' : 'OPEN';
  const isMerged = state === 'MERGED';
  const pull = addPullRequest(world, repository, {
    ...{ title: title(random), body: random.pick(texts), author, state, createdAt: isoSeconds(at) },
    closedAt: state === 'OPEN' ? null : closedAt,
    mergedAt: isMerged ? closedAt : null,
    mergedBy: isMerged ? random.pick(authors) : null,
    isDraft: state === 'OPEN' && random.chance(0.3),
  });
  if (isMerged) pull.mergeCommitOid = fakeOid(`merge:${pull.id}`);
  for (let index = has.commits; index > 0; index--) {
    const oid = fakeOid(`${pull.id}:${index}`);
    pull.commits.push(
      addCommit(repository, {
        oid,
        headline: random.pick(texts),
        authorName: author?.login ?? 'ghost',
        authoredAt: pull.createdAt,
      }),
    );
    pull.headOid = oid;
  }
  for (let index = has.files; index > 0; index--) {
    const path = `src/${random.pick(WORDS)}/${random.pick(WORDS)}-${index}.ts`;
    const [additions, deletions] = [random.count(20), random.count(8)];
    pull.files.push({ kind: 'PullRequestChangedFile', path, additions, deletions, changeType: 'MODIFIED' });
  }
  pull.labels = random.sample(LABELS, has.labels).map((name) => addLabel(world, repository, name));
  for (let index = has.reviews; index > 0; index--) {
    addReview(world, pull, {
      author: random.pick(authors),
      state: random.pick(REVIEW_STATES),
      body: random.chance(0.5) ? '' : random.pick(texts),
      createdAt: later(),
    });
  }
  for (let index = has.comments; index > 0; index--) {
    addIssueComment(world, pull, {
      author: random.pick(authors),
      body: random.pick(texts),
      createdAt: later(),
    });
  }
  for (const comments of has.threads) {
    const file = random.pick(pull.files);
    const line = random.whole(1, 400);
    const thread = addThread(world, pull, {
      path: file.path,
      line,
      originalLine: line,
      isResolved: random.chance(0.6),
      isOutdated: random.chance(0.3),
    });
    const review = pull.reviews.length > 0 ? random.pick(pull.reviews) : null;
    for (let comment = comments; comment > 0; comment--) {
      addReviewComment(world, thread, {
        author: random.pick(authors),
        body: random.pick(texts),
        createdAt: later(),
        review,
      });
    }
    // By time, and replies name the first one.
    thread.comments.sort((a, b) =>
      a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id - b.id,
    );
    for (const [place, comment] of thread.comments.entries()) {
      comment.replyTo = place === 0 ? null : (thread.comments[0] ?? null);
    }
  }
  pull.updatedAt = lastChange(pull);
  if (pull.mergedAt) addMergeCommit(world, pull, pull.mergedAt);
  return pull;
}

function sentence(random: Random, length: number): string {
  return Array.from({ length }, () => random.pick(WORDS)).join(' ');
}

const title = (random: Random) => `${random.pick(VERBS)} the ${random.pick(WORDS)} ${random.pick(WORDS)}`;
