/** Every code with which the Jobs API refuses, and the HTTP status that it goes with. Codes are a contract: never renamed. */
export const REFUSALS = {
  body_incomplete: 400,
  malformed_body: 400,
  malformed_gzip: 400,
  malformed_line: 400,

  token_missing: 401,
  token_malformed: 401,
  wrong_issuer: 401,
  wrong_audience: 401,
  wrong_algorithm: 401,
  unknown_key: 401,
  wrong_signature: 401,
  token_expired: 401,
  token_not_yet_valid: 401,
  token_replayed: 401,
  wrong_session: 401,

  wrong_repository: 403,
  wrong_workflow: 403,
  wrong_branch: 403,
  wrong_event: 403,
  wrong_run: 403,
  not_installed: 403,

  not_found: 404,
  job_not_found: 404,

  method_not_allowed: 405,

  already_finished: 409,
  cancelled: 409,
  default_branch_unknown: 409,
  job_not_finished: 409,
  job_not_running: 409,
  not_configured: 409,
  not_dispatched: 409,
  out_of_order: 409,
  stale_attempt: 409,
  superseded: 409,

  body_too_large: 413,
  batch_too_large: 413,
  line_too_long: 413,
  too_many_rows: 413,

  wrong_content_type: 415,

  invalid_body: 422,
  invalid_row: 422,
  row_of_another_repository: 422,

  upgrade_required: 426,

  internal_error: 500,

  database_unavailable: 503,
  github_unavailable: 503,
  issuer_unreachable: 503,
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** A call that is refused. The message reaches the caller: what, which item, what to do; never a secret. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RefusalCode,
    message: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return REFUSALS[this.code];
  }
}
