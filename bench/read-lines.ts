import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The JSON values of a file with one a line. */
export async function* readLines<T>(path: string): AsyncGenerator<T> {
  const input = createReadStream(path);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield JSON.parse(line) as T;
  }
}
