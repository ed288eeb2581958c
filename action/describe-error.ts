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
  return `${message}${adviceFor('code' in error ? error.code : null)}`;
}

/** What to do about errors of the destination that don't say so themselves, by SQLSTATE or the system's code. */
function adviceFor(code: unknown): string {
  // PostgreSQL manual, appendix A: insufficient_privilege.
  if (code === '42501')
    return '. The role of `destination` must be allowed to create tables and write them: grant it CREATE on the schema, or give another role';
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(String(code)))
    return '. Give `destination` a folder that this run may write, with room enough';
  return '';
}
