import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { z } from 'zod';
import { CAPTURE_TABLE_NAMES, type CaptureRow } from '../../src/destination/destination.ts';
import { BATCH_LIMITS, BatchHeader, BatchLine } from '../../src/jobs-api/protocol.ts';
import { bodyChunks, describeIssues, requireContentType } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';

export type BatchLimits = { [name in keyof typeof BATCH_LIMITS]: number };

export interface Batch {
  header: BatchHeader;
  rows: CaptureRow[];
}

/**
 * Reads a batch (gzip NDJSON: one header, then rows) and checks every limit while it streams in, so that a body that
 * inflates without end costs no more memory than the limits allow. Columns and
 * values are not judged here. Refuses with 400 and the line's number, with 413, 415, or 422 (not a capture table).
 */
export async function readBatch(req: IncomingMessage, limits: BatchLimits = BATCH_LIMITS): Promise<Batch> {
  requireContentType(req, 'application/x-ndjson');
  if (req.headers['content-encoding']?.toLowerCase() !== 'gzip') {
    throw new RefusedError('wrong_content_type', 'Send a batch with Content-Encoding: gzip.');
  }
  if (Number(req.headers['content-length'] ?? 0) > limits.compressedBytes) throw tooLargeAsSent(limits);

  let header: BatchHeader | null = null;
  const rows: CaptureRow[] = [];
  let lineNumber = 0;
  for await (const line of linesOf(inflate(req, limits), limits.lineBytes)) {
    lineNumber += 1;
    const value = parseLine(line, lineNumber);
    if (header === null) {
      header = requireLine(BatchHeader, value, lineNumber, 'the header { sequence, checkpoint, progress }');
      continue;
    }
    if (rows.length === limits.rows) {
      throw new RefusedError(
        'too_many_rows',
        `The batch has more than ${limits.rows} rows. Send smaller batches.`,
      );
    }
    rows.push(requireCaptureTable(requireLine(BatchLine, value, lineNumber, '{ table, row }'), lineNumber));
  }
  if (header === null) {
    throw new RefusedError('malformed_line', 'The batch is empty. Its first line must be the header.');
  }
  return { header, rows };
}

/** The inflated chunks of the body; counts the bytes as sent and as inflated. */
async function* inflate(req: IncomingMessage, limits: BatchLimits): AsyncGenerator<Buffer> {
  let sentBytes = 0;
  async function* countSent() {
    for await (const chunk of bodyChunks(req)) {
      sentBytes += chunk.length;
      if (sentBytes > limits.compressedBytes) throw tooLargeAsSent(limits);
      yield chunk;
    }
  }
  const source = Readable.from(countSent(), { objectMode: false });
  const gunzip = createGunzip();
  source.once('error', (error) => gunzip.destroy(error));
  let inflatedBytes = 0;
  try {
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) {
      inflatedBytes += chunk.length;
      if (inflatedBytes > limits.inflatedBytes) {
        throw new RefusedError(
          'batch_too_large',
          `The batch is larger than ${limits.inflatedBytes} bytes after decompression. Send smaller batches.`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error)
      ? new RefusedError('malformed_gzip', 'The batch is not a whole gzip stream. Send it again.', {
          cause: error,
        })
      : error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** Splits at line feeds. A last line without one counts; an empty end does not. */
async function* linesOf(chunks: AsyncIterable<Buffer>, maxLineBytes: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let partBytes = 0;
  let lineNumber = 1;
  const requireShort = (bytes: number) => {
    if (bytes > maxLineBytes) {
      throw new RefusedError(
        'line_too_long',
        `Line ${lineNumber} of the batch is longer than ${maxLineBytes} bytes. Leave its row out and report it as a gap.`,
      );
    }
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      requireShort(partBytes + end - start);
      yield parts.length === 0
        ? chunk.subarray(start, end)
        : Buffer.concat([...parts, chunk.subarray(start, end)]);
      lineNumber += 1;
      parts = [];
      partBytes = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    partBytes += chunk.length - start;
    requireShort(partBytes);
  }
  if (partBytes > 0) yield Buffer.concat(parts);
}

function parseLine(line: Buffer, lineNumber: number): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch (cause) {
    throw new RefusedError('malformed_line', `Line ${lineNumber} of the batch is not valid UTF-8.`, {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RefusedError('malformed_line', `Line ${lineNumber} of the batch is not JSON.`, { cause });
  }
}

function requireLine<T extends z.ZodType>(
  schema: T,
  value: unknown,
  lineNumber: number,
  shape: string,
): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RefusedError(
    'malformed_line',
    `Line ${lineNumber} of the batch is not ${shape}: ${describeIssues(parsed.error)}`,
  );
}

function requireCaptureTable(line: z.infer<typeof BatchLine>, lineNumber: number): CaptureRow {
  const table = CAPTURE_TABLE_NAMES.find((name) => name === line.table);
  if (table !== undefined) return { table, row: line.row };
  throw new RefusedError(
    'invalid_row',
    `Line ${lineNumber} of the batch names a table that a capture can't write. Tables: ${CAPTURE_TABLE_NAMES.join(', ')}.`,
  );
}

function tooLargeAsSent(limits: BatchLimits): RefusedError {
  return new RefusedError(
    'batch_too_large',
    `The batch is larger than ${limits.compressedBytes} bytes as sent. Send smaller batches.`,
  );
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
