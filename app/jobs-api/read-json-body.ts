import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { RefusedError } from './refused-error.ts';

/** Bytes of the body of a JSON call. */
export const MAX_JSON_BYTES = 64 * 1024;

/**
 * The body of a JSON call. At most `maxBytes` bytes are kept in memory.
 * Refuses with 415, 413 or 400 (not UTF-8, or not JSON).
 */
export async function readJsonBody(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  requireContentType(req, 'application/json');
  if (req.headers['content-encoding'] !== undefined) {
    throw new RefusedError('wrong_content_type', 'Send this call without Content-Encoding.');
  }
  const tooLarge = () =>
    new RefusedError('body_too_large', `The body is larger than ${maxBytes} bytes. Send less in one call.`);
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();

  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyChunks(req)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new RefusedError('malformed_body', 'The body is not JSON in UTF-8. Send one JSON object.', {
      cause,
    });
  }
}

/** `value` in the shape of `schema`; refuses with 422 and names each field that does not fit. */
export function requireShape<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RefusedError(
    'invalid_body',
    `${describeIssues(parsed.error)} See docs/jobs-api.md for this call.`,
  );
}

/** One sentence with the first fields that do not fit their schema. */
export function describeIssues(error: z.ZodError): string {
  const issues = error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  return `${issues.join('; ')}.`;
}

/** Refuses with 415 unless the request says that its body is of this type. */
export function requireContentType(req: IncomingMessage, type: string): void {
  const given = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (given !== type)
    throw new RefusedError('wrong_content_type', `Send this call with Content-Type: ${type}.`);
}

/**
 * The body's chunks. Leaving early leaves the request open, so that the refusal still reaches the sender
 * (a plain `for await` over the request would cut the connection). Refuses with 400 when the sender goes away.
 */
export async function* bodyChunks(req: IncomingMessage): AsyncGenerator<Buffer, void> {
  try {
    yield* req.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new RefusedError('body_incomplete', 'The body was cut off. Send it again.', { cause });
  }
}
