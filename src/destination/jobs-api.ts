import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { z } from 'zod';
import { BATCH_LIMITS, type BatchHeader, type Checkpoint } from '../jobs-api/protocol.ts';
import {
  CAPTURE_TABLE_NAMES,
  type CaptureBatch,
  type CaptureDestination,
  type CaptureRow,
  type WriteAnswer,
} from './destination.ts';
import type { JobsApiSession } from './jobs-api-client.ts';
import { toJsonLine } from './json-line.ts';

const compress = promisify(gzip);

export interface JobsApiDestinationOptions {
  session: Pick<JobsApiSession, 'sendBatch' | 'findGaps'>;
  /** As the claim told them. */
  checkpoint: Checkpoint | null;
  sequence: number;
  limits?: { compressedBytes: number; inflatedBytes: number; lineBytes: number; rows: number };
}

/**
 * Sends a capture to the app. A batch above the API's limits goes in parts, each with its own number: the parts before
 * the last carry the checkpoint from before the batch, so that a run that dies in between fetches the batch again.
 */
export function createJobsApiDestination(options: JobsApiDestinationOptions): CaptureDestination {
  const { session, limits = BATCH_LIMITS } = options;
  let checkpoint = options.checkpoint;
  let sequence = options.sequence;
  let lastWritten = options.sequence;

  return {
    // An empty checkpoint is that of a first batch whose last part never came: nothing is known yet.
    open: async () => ({
      checkpoint: checkpoint && Object.keys(checkpoint).length > 0 ? checkpoint : null,
      sequence,
    }),

    async write(batch) {
      if (batch.sequence <= lastWritten) return { next: 'continue' };
      const parts = await pack(batch, { checkpoint: checkpoint ?? {}, sequence, limits });
      let answer: WriteAnswer = { next: 'continue' };
      for (const part of parts) {
        const { next, budget } = await session.sendBatch(part);
        sequence += 1;
        answer = { next: answer.next === 'stop' ? 'stop' : next, budget };
      }
      checkpoint = batch.checkpoint;
      lastWritten = batch.sequence;
      return answer;
    },

    findGaps: (counts) => session.findGaps({ counts }),
    close: async () => {},
  };
}

interface PackOptions {
  /** What is stored before this batch. */
  checkpoint: Checkpoint;
  sequence: number;
  limits: NonNullable<JobsApiDestinationOptions['limits']>;
}

async function pack(batch: CaptureBatch, { checkpoint, sequence, limits }: PackOptions) {
  const headerBytes =
    Math.max(...[checkpoint, batch.checkpoint].map((one) => bytesOf(toJsonLine(one)))) + 1_024;
  const groups = await splitToFit(toLines(batch.rows, limits.lineBytes), headerBytes, limits);
  return Promise.all(
    groups.map((lines, index) => {
      const header: z.infer<typeof BatchHeader> = {
        sequence: sequence + index + 1,
        checkpoint: index === groups.length - 1 ? batch.checkpoint : checkpoint,
        progress: batch.progress,
      };
      return compress(toJsonLine(header) + lines.join(''));
    }),
  );
}

/** What rows refer to comes before them, and the snapshots that close an item come last, whatever part they land in. */
function toLines(rows: CaptureRow[], lineBytes: number): string[] {
  const byTable = new Map<string, string[]>();
  for (const { table, row } of rows) {
    const line = toJsonLine({ table, row });
    if (Buffer.byteLength(line) > lineBytes) {
      const id = row.id ?? row.oid ?? row.path ?? row.number;
      throw new Error(
        `A row of ${table} (${id}) takes ${Buffer.byteLength(line)} bytes; the app takes ${lineBytes}.`,
      );
    }
    const lines = byTable.get(table);
    if (lines) lines.push(line);
    else byTable.set(table, [line]);
  }
  return INSERT_ORDER.flatMap((table) => byTable.get(table) ?? []);
}

const INSERT_ORDER = ['contributors', ...CAPTURE_TABLE_NAMES.filter((table) => table !== 'contributors')];

async function splitToFit(
  lines: string[],
  headerBytes: number,
  limits: PackOptions['limits'],
): Promise<string[][]> {
  const bytes = lines.reduce((sum, line) => sum + bytesOf(line), headerBytes);
  const fits =
    lines.length <= limits.rows &&
    bytes <= limits.inflatedBytes &&
    (bytes <= limits.compressedBytes ||
      (await compress(lines.join(''))).length + headerBytes <= limits.compressedBytes);
  if (fits || lines.length < 2) return [lines];
  const middle = Math.ceil(lines.length / 2);
  return [
    ...(await splitToFit(lines.slice(0, middle), headerBytes, limits)),
    ...(await splitToFit(lines.slice(middle), headerBytes, limits)),
  ];
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
