import type { GraphqlErrorEntry } from './errors.ts';

/** Data and errors of a GraphQL answer that Octokit threw; no errors where it wasn't a GraphQL answer. */
export function readGraphqlFailure(error: unknown): { data: unknown; errors: GraphqlErrorEntry[] } {
  if (!(error instanceof Error)) return { data: undefined, errors: [] };
  const body: unknown = 'response' in error ? error.response : undefined;
  // GraphqlResponseError carries the body itself, RequestError the HTTP response around it.
  for (const holder of [body, field(body, 'data')]) {
    const errors = field(holder, 'errors');
    if (Array.isArray(errors)) return { data: field(holder, 'data'), errors: errors.filter(isErrorEntry) };
  }
  return { data: undefined, errors: [] };
}

/** A property of what may not be an object. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function isErrorEntry(value: unknown): value is GraphqlErrorEntry {
  return typeof field(value, 'message') === 'string';
}
