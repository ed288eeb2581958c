import { GitHubError } from './errors.ts';
import type { Exchange, Judgement } from './judge-answer.ts';

/** The error for an answer that no repetition would change. */
export function refusal(judgement: Judgement, url: string, { headers }: Exchange): GitHubError {
  switch (judgement.kind) {
    case 'unauthorized':
      return new GitHubError(
        'unauthorized',
        `GitHub refused the token (${judgement.message}); give a valid one`,
      );
    case 'forbidden': {
      const needed = headers['x-accepted-github-permissions'];
      const cure =
        needed === undefined ? 'check the permissions of the token' : `it needs the permissions ${needed}`;
      return new GitHubError(
        'forbidden',
        `GitHub does not allow this to the token (${judgement.message}); ${cure}`,
      );
    }
    case 'not_found':
      return new GitHubError(
        'not_found',
        `There is nothing at ${url} for this token (${judgement.message}); check the address, and what the token may read`,
      );
    default:
      return new GitHubError('unexpected_answer', `GitHub refused a request (${judgement.message})`);
  }
}
