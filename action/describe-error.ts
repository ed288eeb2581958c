import { JobsApiRefusal } from '../src/destination/jobs-api-client.ts';

/**
 * One line about an error, for the person who reads the log: what the error itself says. Classes of the product say what
 * to do; of others, system errors are named by what was tried.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof JobsApiRefusal) return `${error.message} (${error.code})`;
  const message = error.message || ('code' in error ? String(error.code) : error.name);
  // An AggregateError of node:net (all addresses of a host refused) has an empty message and the reasons inside.
  if (error instanceof AggregateError && !error.message) return error.errors.map(describeError).join('; ');
  return message;
}
