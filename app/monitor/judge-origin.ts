import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether a request that changes something was sent by a page of ours: by its `Origin`, by what the browser says of the
 * fetch and, where there is a session, by the value that only our pages know.
 */
export function isFromOurPage(
  request: IncomingMessage,
  { origins, csrf }: { origins: readonly string[]; csrf: string | null },
): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return false;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return csrf === null || isSame(request.headers['x-csrf-token'], csrf);
}

function isSame(given: string | string[] | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given ?? '')), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
