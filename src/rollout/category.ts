export const CATEGORIES = ['test', 'small', 'medium', 'large', 'enterprise'] as const;
export type Category = (typeof CATEGORIES)[number];

/** A repository's size as GitHub counts it; null: not known. */
export interface RepositoryCounts {
  stars: number | null;
  contributors: number | null;
  pullRequests: number | null;
}

/** Upper limits, inclusive. All three must hold. */
const LIMITS: readonly (readonly [
  Category,
  { stars: number; contributors: number; pullRequests: number },
])[] = [
  ['test', { stars: 0, contributors: 2, pullRequests: 10 }],
  ['small', { stars: 50, contributors: 10, pullRequests: 100 }],
  ['medium', { stars: 500, contributors: 50, pullRequests: 1_000 }],
  ['large', { stars: 5_000, contributors: 200, pullRequests: 10_000 }],
];

/**
 * The first category whose three limits all hold, else `enterprise`.
 * Null while a count is missing: a giant must not look like a test repository because nobody counted it.
 */
export function categorize({ stars, contributors, pullRequests }: RepositoryCounts): Category | null {
  if (stars === null || contributors === null || pullRequests === null) return null;
  for (const [category, limit] of LIMITS) {
    if (stars <= limit.stars && contributors <= limit.contributors && pullRequests <= limit.pullRequests) {
      return category;
    }
  }
  return 'enterprise';
}
