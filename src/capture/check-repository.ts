import type { GraphqlAnswer } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import type { Session } from './session.ts';

/**
 * The repository of an answer, if it is the one that is meant.
 * @throws GitHubError `not_found`, `forbidden`, or `repository_changed` when the name belongs to another one now
 */
export function checkRepository<R extends { databaseId: number | null }>(
  { options, repositoryId }: Pick<Session, 'options' | 'repositoryId'>,
  answer: GraphqlAnswer<{ repository: R | null } | null>,
): R {
  const name = `${options.repository.owner}/${options.repository.name}`;
  const repository = answer.data?.repository ?? null;
  const refusal = answer.errors.find(
    ({ type, path }) => (type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES') && (path?.length ?? 0) <= 2,
  );
  if (refusal !== undefined) {
    const cure = 'give it read access to metadata, pull requests, issues and contents';
    throw new GitHubError('forbidden', `The token may not read ${name} (${refusal.message}); ${cure}`);
  }
  if (repository === null) {
    const cure = 'check the name, and that the app is installed on it or the token has access to it';
    throw new GitHubError(
      'not_found',
      `The repository ${name} does not exist or can't be seen with this token; ${cure}`,
    );
  }
  if (repository.databaseId === null) {
    throw new GitHubError(
      'unexpected_answer',
      `GitHub tells no id of the repository ${name}; try again later`,
    );
  }
  if (repositoryId !== 0 && repository.databaseId !== repositoryId) {
    const found = `${name} is repository ${repository.databaseId} now, not ${repositoryId} as before`;
    const cure = 'give the new name of the one that is meant, or capture this one to another place';
    throw new GitHubError('repository_changed', `${found}; ${cure}`);
  }
  return repository;
}
