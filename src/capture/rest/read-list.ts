import type { z } from 'zod';
import { GitHubError } from '../../github/errors.ts';
import type { Session } from '../session.ts';

export interface ListPage<T> {
  items: T[];
  /** Path of the next page; null at the end. */
  next: string | null;
  etag: string | null;
  /** Nothing has changed since the answer with that ETag; `items` is empty then. */
  isUnchanged: boolean;
  receivedAt: Date;
}

/** A page of which GitHub can't make so much in its 10 s may come out smaller. */
const SMALLEST = 25;

/**
 * Reads a page of one of REST's lists. A page that is too much for GitHub is asked in smaller ones, from the same place on.
 * @throws GitHubError
 */
export async function readList<T>(
  session: Session,
  path: string,
  shape: z.ZodType<T[]>,
  etag: string | null = null,
): Promise<ListPage<T>> {
  const smaller = withHalfPage(path);
  try {
    const answer = await session.read<unknown>(path, { etag, canShrink: smaller !== null });
    const { next, receivedAt } = answer;
    if (answer.data === null) return { items: [], next: null, etag, isUnchanged: true, receivedAt };
    const parsed = shape.safeParse(answer.data);
    if (!parsed.success) {
      const [problem] = parsed.error.issues;
      throw new GitHubError(
        'unexpected_answer',
        `GitHub's list ${path} is not as documented (${problem?.path.join('.')}: ${problem?.message})`,
      );
    }
    if (next === path) {
      throw new GitHubError(
        'unexpected_answer',
        `GitHub does not lead on in the list ${path}; try again later`,
      );
    }
    return { items: parsed.data, next, etag: answer.etag, isUnchanged: false, receivedAt };
  } catch (error) {
    if (smaller === null || !(error instanceof GitHubError) || error.code !== 'too_heavy') throw error;
    session.options.log('info', 'smaller pages of a list', { path: smaller });
    return readList(session, smaller, shape);
  }
}

/**
 * The same place of the list in pages of half the size; null when they are small already, or when the list is not paged by
 * numbers.
 */
export function withHalfPage(path: string): string | null {
  const [base = '', search = ''] = path.split('?');
  const query = new URLSearchParams(search);
  const perPage = Number(query.get('per_page'));
  const page = Number(query.get('page') ?? 1);
  if (query.has('after') || perPage % 2 !== 0 || perPage / 2 < SMALLEST) return null;
  query.set('per_page', String(perPage / 2));
  query.set('page', String((page - 1) * 2 + 1));
  return `${base}?${query}`;
}
