import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Batch, type BatchLimits, readBatch } from '../../../app/jobs-api/read-batch.ts';
import { RefusedError } from '../../../app/jobs-api/refused-error.ts';
import { BATCH_LIMITS } from '../../../src/jobs-api/protocol.ts';

let server: Server;
let url: string;
let limits: BatchLimits = BATCH_LIMITS;
let lastBatch: Batch | null = null;

beforeAll(async () => {
  server = createServer(async (req, res) => {
    try {
      lastBatch = await readBatch(req, limits);
      res.end('accepted');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      res.writeHead(error.status).end(`${error.code}: ${error.message}`);
      req.resume();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const HEADER = {
  sequence: 1,
  checkpoint: { at: 'x' },
  progress: { done: 1, total: null, points: 1, requests: 1, rows: 1, pointsLeft: null, restLeft: null },
};
const ROW = { table: 'labels', row: { id: 'LA_1', name: 'größer ☃' } };
const header = JSON.stringify(HEADER);
const row = JSON.stringify(ROW);
const TYPE = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };

async function post(
  body: Buffer | string,
  options: { limits?: Partial<BatchLimits>; headers?: Record<string, string>; raw?: boolean } = {},
): Promise<string> {
  limits = { ...BATCH_LIMITS, ...options.limits };
  lastBatch = null;
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...TYPE, ...options.headers },
    body: new Uint8Array(options.raw ? Buffer.from(body) : gzipSync(body)),
  });
  return `${response.status} ${await response.text()}`;
}

describe('a batch', () => {
  it.each([
    ['with a line feed at its end', `${header}\n${row}\n${row}\n`],
    ['without one', `${header}\n${row}\n${row}`],
    ['with carriage returns', `${header}\r\n${row}\r\n${row}\r\n`],
  ])('%s is a header and its rows', async (_, text) => {
    expect(await post(text)).toBe('200 accepted');
    expect(lastBatch).toEqual({ header: HEADER, rows: [ROW, ROW] });
  });

  it('may have no rows', async () => {
    expect(await post(header)).toBe('200 accepted');
    expect(lastBatch).toEqual({ header: HEADER, rows: [] });
  });

  it('may be sent in several gzip members, cut anywhere', async () => {
    const text = Buffer.from(`${header}\n${row}\n`);
    const cut = text.indexOf(Buffer.from('☃')) + 1;
    const body = Buffer.concat([gzipSync(text.subarray(0, cut)), gzipSync(text.subarray(cut))]);
    expect(await post(body, { raw: true })).toBe('200 accepted');
    expect(lastBatch?.rows).toEqual([ROW]);
  });
});

describe('both sides of each limit', () => {
  const text = `${header}\n${row}\n${row}\n`;
  const sentBytes = gzipSync(text).length;
  const inflatedBytes = Buffer.byteLength(text);
  const lineBytes = Buffer.byteLength(header);

  it.each<[keyof BatchLimits, number, string]>([
    [
      'compressedBytes',
      sentBytes,
      `413 batch_too_large: The batch is larger than ${sentBytes - 1} bytes as sent`,
    ],
    [
      'inflatedBytes',
      inflatedBytes,
      `413 batch_too_large: The batch is larger than ${inflatedBytes - 1} bytes after`,
    ],
    ['lineBytes', lineBytes, `413 line_too_long: Line 1 of the batch is longer than ${lineBytes - 1} bytes`],
    ['rows', 2, '413 too_many_rows: The batch has more than 1 rows'],
  ])('%s', async (name, exact, refusal) => {
    expect(await post(text, { limits: { [name]: exact } })).toBe('200 accepted');
    expect(await post(text, { limits: { [name]: exact - 1 } })).toContain(refusal);
    expect(lastBatch).toBeNull();
  });

  it('a long line is refused as well when it is the last and has no end', async () => {
    const long = `${header}\n${row}${' '.repeat(500)}`;
    const bytes = Buffer.byteLength(row) + 500;
    expect(await post(long, { limits: { lineBytes: bytes } })).toBe('200 accepted');
    expect(await post(long, { limits: { lineBytes: bytes - 1 } })).toContain('413 line_too_long: Line 2');
  });

  it('the size as sent is counted when it is not announced', async () => {
    const noise = Buffer.from(
      Array.from({ length: 400 }, (_, n) => `${header.slice(0, -1)}, "n": ${n * 7919}}`).join(''),
    );
    const answer = await sendChunked(url, gzipSync(noise), 64);
    expect(answer).toContain('413 Payload Too Large');
    expect(answer).toContain('batch_too_large: The batch is larger than 64 bytes as sent');
  });
});

describe('a gzip bomb', () => {
  it('is stopped at the limit, with little memory and at once', async () => {
    // 1 GiB of zeros in 1 MiB, without a line feed.
    const member = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    expect(bomb.length).toBeLessThan(BATCH_LIMITS.compressedBytes);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    expect(await post(bomb, { raw: true })).toContain('413 line_too_long');
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('of short lines is stopped as well', async () => {
    const member = gzipSync(`\n${row}`.repeat(20_000));
    const started = performance.now();
    expect(await post(Buffer.concat([gzipSync(header), member, member]), { raw: true })).toBe('200 accepted');
    expect(lastBatch?.rows.length).toBe(40_000);
    const bomb = Buffer.concat([gzipSync(header), ...Array.from({ length: 100 }, () => member)]);
    expect(await post(bomb, { raw: true })).toContain('413 too_many_rows');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('what is refused', () => {
  const bad = Buffer.concat([
    Buffer.from(`${header}\n${row}\n{"table":"`),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}\n'),
  ]);
  it.each<[string, Buffer | string, string]>([
    ['no line', '', '400 malformed_line: The batch is empty.'],
    ['invalid UTF-8', bad, '400 malformed_line: Line 3 of the batch is not valid UTF-8.'],
    [
      'invalid JSON',
      `${header}\n${row}\n{"table":\n`,
      '400 malformed_line: Line 3 of the batch is not JSON.',
    ],
    ['an empty line', `${header}\n\n${row}`, '400 malformed_line: Line 2 of the batch is not JSON.'],
    ['no header', `${row}\n${row}`, '400 malformed_line: Line 1 of the batch is not the header'],
    ['number 0', `${JSON.stringify({ ...HEADER, sequence: 0 })}\n`, '400 malformed_line: Line 1'],
    [
      'a second header',
      `${header}\n${header}`,
      '400 malformed_line: Line 2 of the batch is not { table, row }',
    ],
    ['a row that is a list', `${header}\n{"table":"labels","row":[]}`, '400 malformed_line: Line 2'],
    [
      'a table of the app',
      `${header}\n{"table":"rollout_configuration","row":{}}`,
      '422 invalid_row: Line 2',
    ],
    ['a table by its prototype', `${header}\n{"table":"__proto__","row":{}}`, '422 invalid_row: Line 2'],
  ])('%s', async (_, text, refusal) => {
    expect(await post(text)).toContain(refusal);
    expect(lastBatch).toBeNull();
  });

  it('gzip that is none, or is cut off', async () => {
    expect(await post('{}', { raw: true })).toContain('400 malformed_gzip');
    const whole = gzipSync(`${header}\n${row}`);
    expect(await post(whole.subarray(0, whole.length - 4), { raw: true })).toContain('400 malformed_gzip');
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(whole.length - 8) ^ 1, whole.length - 8);
    expect(await post(flipped, { raw: true })).toContain('400 malformed_gzip');
  });

  it('another content type or encoding', async () => {
    expect(await post(header, { headers: { 'content-type': 'application/json' } })).toContain(
      '415 wrong_content_type',
    );
    expect(await post(header, { raw: true, headers: { 'content-encoding': 'identity' } })).toContain(
      '415 wrong_content_type',
    );
  });
});

/** Posts in chunks, without a Content-Length, under a limit of `compressedBytes`; gives the raw answer. */
function sendChunked(to: string, body: Buffer, compressedBytes: number): Promise<string> {
  limits = { ...BATCH_LIMITS, compressedBytes };
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(to).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('as sent')) {
        socket.destroy();
        resolve(answer);
      }
    });
    socket.on('error', reject);
    const headers = Object.entries(TYPE).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\n${headers.join('')}Transfer-Encoding: chunked\r\n\r\n`,
    );
    for (let start = 0; start < body.length; start += 50) {
      const part = body.subarray(start, start + 50);
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
  });
}
