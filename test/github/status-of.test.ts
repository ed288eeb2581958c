import { expect, test } from 'vitest';
import { rateLimitOf, statusOf } from '../../src/github/status-of.ts';

/** As Octokit throws it. */
const refused = (status: number, message: string, headers: Record<string, string | number> = {}) =>
  Object.assign(new Error(message), { status, response: { headers } });

const SOON = { 'retry-after': 90 };
const EXHAUSTED = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' };

test.each([
  ['a secondary limit with a time', refused(403, 'Please wait', SOON), 429, 90],
  ['a secondary limit without one', refused(403, 'You have exceeded a secondary rate limit.'), 429, 60],
  ['a 429', refused(429, 'Too many requests'), 429, 60],
])('%s', (_, error, status, seconds) => {
  expect(statusOf(error)).toBe(status);
  const waitMs = (rateLimitOf(error)?.getTime() ?? 0) - Date.now();
  expect(waitMs / 1_000).toBeGreaterThan(seconds - 5);
  expect(waitMs / 1_000).toBeLessThanOrEqual(seconds);
});

test("the hour that is used up, until GitHub's own time", () => {
  const error = refused(403, 'API rate limit exceeded for installation ID 7.', EXHAUSTED);
  expect(statusOf(error)).toBe(429);
  expect(rateLimitOf(error)).toEqual(new Date('2100-01-01T00:00:00Z'));
});

test.each([
  ['a missing permission', refused(403, 'Resource not accessible by integration'), 403],
  ['what is not there', refused(404, 'Not Found', SOON), 404],
  ['no answer', refused(500, 'fetch failed'), 500],
  ['another error', new Error('rate limit exceeded'), null],
  ['no error at all', 'rate limit exceeded', null],
])('%s is no rate limit', (_, error, status) => {
  expect(statusOf(error)).toBe(status);
  expect(rateLimitOf(error)).toBeNull();
});
