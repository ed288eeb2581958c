import { type DestinationStream, type Logger, pino } from 'pino';

export type AppLog = Logger;

/**
 * The keys that every line of a stage shares, so that one delivery can be followed from webhook to rows.
 * Absent keys stand for what the stage does not know yet.
 */
export interface StageLine {
  delivery?: string | undefined;
  job?: string | undefined;
  /** `owner/name`. */
  repository?: string | undefined;
  stage: 'webhook' | 'route' | 'command' | 'installation' | 'settings' | 'workflow_run';
  processor?: string | undefined;
  rule?: string | undefined;
  duration_ms?: number | undefined;
}

/** JSON lines to standard output, or to `stream`. GitHub's text is safe in them: JSON escapes line breaks. */
export function createLog(level: string, stream?: DestinationStream): AppLog {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
  };
  return stream ? pino(options, stream) : pino(options);
}

/**
 * What may be logged of an error: never its other fields. @octokit/webhooks hangs the whole event on errors,
 * pg the refused row (`detail`), and Octokit the request with its body.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...('status' in error ? { status: error.status } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}
