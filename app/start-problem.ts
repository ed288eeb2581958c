/** Why the app can't start: one line that says what to do. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
}

/** What went wrong at the start, as one line for the terminal; never a stack. */
export function describeStartProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.split('\n')[0] || error.name;
}
