import { statusOf } from '../../src/github/status-of.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { type Finding, failed } from './finding.ts';

/** What `ask` finds, or why it could not be asked: one question that fails hides no other. */
export async function guard(check: string, ask: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await ask();
  } catch (error) {
    const status = troubleOf(error);
    return [status === null ? notChecked(check, error) : gitHubUnavailable(check, status)];
  }
}

/** The status of an answer that tells of GitHub's own trouble, or of its limit; 500 also where none came. Null: another error. */
export function troubleOf(error: unknown): number | null {
  const status = statusOf(error) ?? (error instanceof Error ? statusOf(error.cause) : null);
  return status !== null && (status >= 500 || status === 429) ? status : null;
}

export function gitHubUnavailable(check: string, status: number): Finding {
  return failed(
    check,
    'github_unavailable',
    `GitHub could not be asked (${status === 500 ? 'no answer' : `status ${status}`}).`,
    "Nothing of this app's settings is the cause: run the doctor again later; https://www.githubstatus.com tells how GitHub is.",
  );
}

function notChecked(check: string, error: unknown): Finding {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
  return failed(
    check,
    'not_checked',
    `This could not be looked at: ${neutralizeLog(text)}`,
    'Put right what failed above, and run the doctor again.',
  );
}
