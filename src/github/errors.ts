export type GitHubErrorCode =
  /** The repository (or the address) isn't there, or the token may not see it. */
  | 'not_found'
  /** The token is missing, wrong or expired, and a renewed one was refused too. */
  | 'unauthorized'
  /** The token is good but lacks a permission. */
  | 'forbidden'
  /** GitHub asks for a longer wait than the caller allows; see `retryAt`. */
  | 'rate_limited'
  /** GitHub could not carry out the query in its limits of time or resources; a smaller one may pass. */
  | 'too_heavy'
  /** No connection, or it broke, again and again. */
  | 'unreachable'
  /** Something answered, but not as GitHub documents it. */
  | 'unexpected_answer'
  /** Under the repository's name is another repository now. */
  | 'repository_changed';

/** What a caller can act on; the message says what failed, on which item, and what to do. */
export class GitHubError extends Error {
  override name = 'GitHubError';
  readonly code: GitHubErrorCode;
  /** With `rate_limited`: when GitHub will answer again. */
  readonly retryAt: Date | null;

  constructor(code: GitHubErrorCode, message: string, options: { retryAt?: Date; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAt = options.retryAt ?? null;
  }
}

/** One entry of a GraphQL answer's `errors`. GitHub adds `type`, and `code` since 2026, to the specification's fields. */
export interface GraphqlErrorEntry {
  message: string;
  type?: string;
  code?: string;
  path?: (string | number)[];
}
