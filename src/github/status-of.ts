/** HTTP status of an error of Octokit, which has 500 too where no answer came; null: the error is of another kind. */
export function statusOf(error: unknown): number | null {
  return error instanceof Error && 'status' in error ? Number(error.status) : null;
}
