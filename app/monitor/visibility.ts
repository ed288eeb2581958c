import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { askAsPerson } from './github-sign-in.ts';

const Installations = z.object({ installations: z.array(z.object({ id: z.int() })) });
const Repositories = z.object({
  total_count: z.int(),
  repositories: z.array(z.object({ id: z.int() })),
});

/** What was seen stays seen for so long; what GitHub has closed since is shown no longer than that. */
const KEPT_MS = 5 * 60_000;
const KEPT_PERSONS = 200;
const PER_PAGE = 100;
const PAGES_AT_ONCE = 6;

/**
 * Answers which repositories of the App a person sees on GitHub: those that both the person and the App may read.
 * Source: https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-user-access-token
 */
export function createVisibility(github: Config['github'], now: () => number = Date.now) {
  const kept = new Map<string, { at: number; ids: Promise<readonly number[]> }>();
  return {
    /** Numeric ids. Throws GitHubAwayError or SignInEndedError. */
    repositoriesOf(token: string): Promise<readonly number[]> {
      const known = kept.get(token);
      if (known && now() - known.at < KEPT_MS) return known.ids;
      const ids = readRepositories(github, token);
      kept.delete(token);
      kept.set(token, { at: now(), ids });
      // One that failed is asked again, not remembered.
      ids.catch(() => kept.delete(token));
      const oldest = kept.keys().next().value;
      if (kept.size > KEPT_PERSONS && oldest !== undefined) kept.delete(oldest);
      return ids;
    },
    forget: (token: string): void => void kept.delete(token),
  };
}

async function readRepositories(github: Config['github'], token: string): Promise<readonly number[]> {
  const installations: number[] = [];
  for (let page = 1; ; page++) {
    const { installations: some } = Installations.parse(
      await askAsPerson(github, token, `/user/installations?per_page=${PER_PAGE}&page=${page}`),
    );
    installations.push(...some.map(({ id }) => id));
    if (some.length < PER_PAGE) break;
  }
  const ids: number[] = [];
  for (const installation of installations) {
    const read = async (page: number) =>
      Repositories.parse(
        await askAsPerson(
          github,
          token,
          `/user/installations/${installation}/repositories?per_page=${PER_PAGE}&page=${page}`,
        ),
      );
    const first = await read(1);
    ids.push(...first.repositories.map(({ id }) => id));
    const pages = Math.ceil(first.total_count / PER_PAGE);
    for (let page = 2; page <= pages; page += PAGES_AT_ONCE) {
      const numbers = Array.from(
        { length: Math.min(PAGES_AT_ONCE, pages - page + 1) },
        (_, index) => page + index,
      );
      const more = await Promise.all(numbers.map(read));
      ids.push(...more.flatMap(({ repositories }) => repositories.map(({ id }) => id)));
    }
  }
  return ids;
}
