import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** No script but ours, none inline, nothing from elsewhere; forms and the way to sign in lead to us and to GitHub. */
const policy = (githubOrigin: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action 'self' ${githubOrigin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** Writes a page of the monitor. */
export function sendPage(response: ServerResponse, status: number, page: string, githubUrl: string): void {
  const body = Buffer.from(page);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    'content-security-policy': policy(new URL(githubUrl).origin),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  });
  response.end(body);
}

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end();
}

const TYPES = {
  'monitor.css': 'text/css; charset=utf-8',
  'monitor.js': 'text/javascript; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Answers the files of `assets/`, and nothing else. False: there is no such file. */
export function sendAsset(response: ServerResponse, name: string): boolean {
  if (!Object.hasOwn(TYPES, name)) return false;
  const body = readFileSync(new URL(`assets/${name}`, import.meta.url));
  response.writeHead(200, {
    'content-type': TYPES[name as keyof typeof TYPES],
    'content-length': body.length,
    // A new version of the app is seen at the next look.
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
  return true;
}
