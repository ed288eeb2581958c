/** A row that can't be stored as it is; nothing of its batch was stored. */
export class InvalidRowError extends Error {
  override name = 'InvalidRowError';
  readonly code = 'invalid_row';
}

/** A row whose id is stored under another repository; nothing of its batch was stored. */
export class ForeignRowError extends Error {
  override name = 'ForeignRowError';
  readonly code = 'row_of_another_repository';
}

/** PostgreSQL's own refusals that are about a row: class 22 (data), class 23 (constraints). */
const ABOUT_A_ROW = /^2[23]/;

/** A refusal of the database as a clear error; every other error as it is. */
export function translateRowError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !ABOUT_A_ROW.test(String(error.code))) return error;
  const { table, constraint, detail } = error as { table?: string; constraint?: string; detail?: string };
  // The detail of a unique or foreign key names the key; that of a check would quote the whole row.
  const isAboutKey = error.code === '23505' || error.code === '23503';
  const what = isAboutKey && detail ? detail : error.message;
  const where = [table, constraint].filter(Boolean).join(', ');
  return new InvalidRowError(
    `The database refuses a row${where ? ` (${where})` : ''}: ${what} Nothing of the batch was stored.`,
    { cause: error },
  );
}
