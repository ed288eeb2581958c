import { DENSITIES } from '../../sandbox/densities.ts';
import { createRandom } from '../../sandbox/random.ts';

export interface DrawnRepository {
  id: number;
  fullName: string;
  /** Pull requests of its history. */
  pullRequests: number;
}

/** Webhooks about one thing that arrive together, milliseconds after the beginning. */
export interface DrawnEvent {
  atMs: number;
  repository: DrawnRepository;
  /** Number of the pull request; null: a push to the default branch. */
  pullRequest: number | null;
}

export interface Organisation {
  repositories: DrawnRepository[];
  /** One for each webhook of a day, in order. */
  events: DrawnEvent[];
  pullRequestsToday: number;
}

const FIRST_ID = 700_000_000;
const HOUR_MS = 3_600_000;
/** Age of the organisation: what it does in a day, it has done on each of so many. */
const DAYS = 730;
/** Pushes to a pull request's branch after it was opened. */
const PUSHES = 2;

/** Share of each hour (UTC) in what people do: a working day of two continents, quiet at night. */
const BY_HOUR = [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 7, 7, 9, 10, 10, 9, 8, 6, 4, 3, 2, 2, 1];

/**
 * An organisation whose activity has a heavy tail: the repository of rank r has 1/r of the busiest one's (Zipf's law), so
 * with 10,000 of them the first has a tenth of everything, and half of them one pull request in some months. A pull
 * request has as many reviews, comments, threads and labels as the sandbox's `DENSITIES`.
 */
export function drawOrganisation(options: {
  repositories: number;
  pullRequestsADay: number;
  seed: number;
}): Organisation {
  const random = createRandom(options.seed);
  const shares = Array.from({ length: options.repositories }, (_, index) => 1 / (index + 1));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const aDay = shares.map((share) => (share / whole) * options.pullRequestsADay);
  const repositories = aDay.map((rate, index) => ({
    id: FIRST_ID + index,
    fullName: `acme/repository-${index}`,
    pullRequests: Math.round(rate * DAYS),
  }));
  /** Poisson's: so many happened of what happens `mean` times. */
  const happenings = (mean: number): number => {
    let count = 0;
    const pause = () => -Math.log(1 - random.next());
    for (let passed = pause(); passed < mean; passed += pause()) count++;
    return count;
  };
  const hours = BY_HOUR.flatMap((weight, hour) => Array.from({ length: weight }, () => hour));
  const moment = () => (random.pick(hours) + random.next()) * HOUR_MS;
  const events: DrawnEvent[] = [];
  let pullRequestsToday = 0;
  for (const [index, repository] of repositories.entries()) {
    const opened = happenings(aDay[index] ?? 0);
    pullRequestsToday += opened;
    for (let n = 1; n <= opened; n++) {
      const pullRequest = repository.pullRequests + n;
      /** So many webhooks at one moment. */
      const burst = (webhooks: number, what: number | null = pullRequest, atMs = moment()) => {
        for (let i = 0; i < webhooks; i++) {
          events.push({ atMs: atMs + random.next() * 1_000, repository, pullRequest: what });
        }
        return atMs;
      };
      burst(1 + happenings(DENSITIES.labels));
      for (let i = 0; i < PUSHES; i++) burst(1);
      const reviews = happenings(DENSITIES.reviews);
      for (let i = 0; i < reviews; i++) burst(1 + happenings(DENSITIES.threads / DENSITIES.reviews));
      const comments = happenings(DENSITIES.comments);
      for (let i = 0; i < comments; i++) burst(1);
      // Merged: the push, and the pull request that is closed.
      burst(1, null, burst(1));
    }
  }
  return { repositories, events: events.sort((a, b) => a.atMs - b.atMs), pullRequestsToday };
}
