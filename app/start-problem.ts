/** Why the app can't start: one line that says what to do. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
}

/** SQLSTATE (PostgreSQL manual, appendix A). */
const INSUFFICIENT_PRIVILEGE = '42501';

/** What went wrong at the start, as one line for the terminal; never a stack. */
export function describeStartProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message.split('\n')[0] || error.name;
  const code = 'code' in error ? error.code : null;
  return code === INSUFFICIENT_PRIVILEGE
    ? `The database refuses: ${text}. The role of DATABASE_URL must be allowed to create its tables: make it the owner of the database, or grant it CREATE on its schema (and on the database, where DATABASE_SCHEMA is to be created).`
    : text;
}
