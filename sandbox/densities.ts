import type { Random } from './random.ts';

/**
 * Means for each pull request. Reviews, threads, comments and files are the totals of a public history of 6,375 pull
 * requests. The others follow from the service times that capture shapes were measured to need on it, with 2 ms a node
 * and 5 ms a connection: taking the commits out of the timeline saved 2 ms a pull request, so there is one; asking for
 * the labels as well took 9.1 ms more, a connection and 1.9 nodes; asking for threads only where there are review
 * comments saved the connection on about half.
 */
export const DENSITIES = {
  reviews: 22_177 / 6_375,
  threads: 9_544 / 6_375,
  /** Share of the pull requests that have a thread at all. */
  withThreads: 0.52,
  /** For each thread, its first comment included. */
  threadComments: 21_267 / 9_544,
  comments: 40_310 / 6_375,
  files: 30_487 / 6_375,
  /** Every pull request has one at least; what is above 1 makes one of `LONG.commits` in 6,000. */
  commits: 1.04,
  labels: 1.9,
};

/**
 * The long tails: how many among 1,000, and how long they are (the shorter the more frequent). On the same history, what
 * did not fit into first pages of 100 took 3 to 3.5 points for 1,000 pull requests, in requests for 8 to 24 connections
 * each: about 52 further pages, most of them of timelines and of files.
 */
export const LONG = {
  /** Comments and reviews of one pull request together. */
  discussions: { perThousand: 14, from: 101, to: 500 },
  /** Of these discussions, so many among 1,000 pull requests have more threads than a page. */
  threads: { perThousand: 2.2, from: 101, to: 150 },
  files: { perThousand: 8, from: 101, to: 600 },
  /** Among 1,000 threads. */
  threadComments: { perThousand: 0.5, from: 101, to: 130 },
  /** More than a timeline shows. */
  commits: { perThousand: 1 / 6, from: 253, to: 253 },
};

/** How many of everything a pull request has. */
export interface PullCounts {
  reviews: number;
  comments: number;
  commits: number;
  files: number;
  labels: number;
  /** Comments of each thread. */
  threads: number[];
}

/** Counts for a history of `pulls` pull requests: their sums are the densities' to the last one. */
export function planCounts(random: Random, pulls: number): PullCounts[] {
  const totals = Object.fromEntries(
    (['reviews', 'threads', 'comments', 'files', 'commits', 'labels'] as const).map((name) => [
      name,
      Math.round(pulls * DENSITIES[name]),
    ]),
  ) as Record<'reviews' | 'threads' | 'comments' | 'files' | 'commits' | 'labels', number>;
  const everyone = Array.from({ length: pulls }, (_, index) => index);

  const discussions = sizesOf(random, LONG.discussions, pulls, totals.comments + totals.reviews);
  const discussed = random.sample(everyone, discussions.length);
  const reviews = new Map<number, number>();
  const comments = new Map<number, number>();
  for (const [index, pull] of discussed.entries()) {
    const size = discussions[index] ?? 0;
    const reviewed = Math.round(size * (0.1 + 0.8 * random.next() ** 2));
    reviews.set(pull, reviewed);
    comments.set(pull, size - reviewed);
  }
  const threads = new Map<number, number>();
  for (const [index, size] of sizesOf(random, LONG.threads, pulls, totals.threads).entries()) {
    const pull = discussed[index];
    if (pull !== undefined) threads.set(pull, size);
  }
  const others = random.sample(
    everyone.filter((pull) => !threads.has(pull)),
    Math.max(0, Math.round(pulls * DENSITIES.withThreads) - threads.size),
  );
  const threaded = [...threads.keys(), ...others].sort((a, b) => a - b);

  const filesOf = fill(
    random,
    everyone,
    totals.files,
    1,
    longOnes(random, LONG.files, everyone, totals.files),
  );
  const commitsOf = fill(
    random,
    everyone,
    totals.commits,
    1,
    longOnes(random, LONG.commits, everyone, totals.commits),
  );
  const reviewsOf = fill(random, everyone, totals.reviews, 0, reviews);
  const commentsOf = fill(random, everyone, totals.comments, 0, comments);
  const labelsOf = fill(random, everyone, totals.labels, 0, new Map(), () => random.next());
  const threadsOf = fill(random, threaded, totals.threads, 1, threads);
  const allThreads = Array.from({ length: totals.threads }, (_, index) => index);
  const written = Math.round(totals.threads * DENSITIES.threadComments);
  const threadComments = fill(
    random,
    allThreads,
    written,
    1,
    longOnes(random, LONG.threadComments, allThreads, written),
  );

  let thread = 0;
  return everyone.map((pull) => ({
    reviews: reviewsOf.get(pull) ?? 0,
    comments: commentsOf.get(pull) ?? 0,
    commits: commitsOf.get(pull) ?? 0,
    files: filesOf.get(pull) ?? 0,
    labels: labelsOf.get(pull) ?? 0,
    threads: Array.from({ length: threadsOf.get(pull) ?? 0 }, () => threadComments.get(thread++) ?? 0),
  }));
}

type Tail = (typeof LONG)[keyof typeof LONG];

/** How long the long ones among `count` are; none may take more than a quarter of `total`, as in a short history. */
function sizesOf(random: Random, { perThousand, from, to }: Tail, count: number, total: number): number[] {
  const longest = Math.min(to, Math.floor(total / 4));
  if (longest < from) return [];
  return Array.from({ length: Math.round((count * perThousand) / 1000) }, () =>
    Math.floor(from * ((longest + 1) / from) ** random.next()),
  );
}

function longOnes(random: Random, tail: Tail, places: readonly number[], total: number): Map<number, number> {
  const sizes = sizesOf(random, tail, places.length, total);
  return new Map(random.sample(places, sizes.length).map((place, index) => [place, sizes[index] ?? 0]));
}

/**
 * Spreads `total` over the places: those of `long` get what it says, every other one `least` and its share by a weight,
 * by default with the long tail that people's activity has. The sum is exact: shares are rounded where they add up.
 */
function fill(
  random: Random,
  places: readonly number[],
  total: number,
  least: number,
  long: ReadonlyMap<number, number>,
  weight = () => -Math.log(1 - random.next()),
): ReadonlyMap<number, number> {
  const rest = places.filter((place) => !long.has(place));
  const weights = rest.map(weight);
  const sum = weights.reduce((a, b) => a + b, 0);
  const taken = [...long.values()].reduce((a, b) => a + b, 0) + least * rest.length;
  const free = Math.max(0, total - taken);
  const counts = new Map(long);
  let seen = 0;
  let given = 0;
  for (const [index, place] of rest.entries()) {
    seen += weights[index] ?? 0;
    const upTo = index === rest.length - 1 ? free : Math.round((free * seen) / sum);
    counts.set(place, least + upTo - given);
    given = upTo;
  }
  return counts;
}
