import { describe, expect, test } from 'vitest';
import { type Exchange, judgeGraphqlErrors, judgeStatus } from '../../src/github/judge-answer.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const RESET = String(NOW.getTime() / 1000 + 90);

function exchange(given: Partial<Exchange> = {}): Exchange {
  return { status: 200, headers: {}, text: '', durationMs: 100, failure: null, receivedAt: NOW, ...given };
}

describe('by status', () => {
  test.each<[string, Partial<Exchange>, unknown]>([
    ['200', {}, null],
    ['304', { status: 304 }, null],
    [
      '401',
      { status: 401, text: '{"message":"Bad credentials"}' },
      { kind: 'unauthorized', message: 'HTTP 401: Bad credentials' },
    ],
    [
      '403 for a permission',
      { status: 403, text: '{"message":"Resource not accessible"}' },
      { kind: 'forbidden' },
    ],
    [
      '403, primary limit',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': RESET } },
      { kind: 'rate_limited', isSecondary: false, retryAt: new Date('2026-03-01T12:01:30Z') },
    ],
    [
      '429, primary limit by its text',
      {
        status: 429,
        text: '{"message":"API rate limit exceeded for installation"}',
        headers: { 'x-ratelimit-reset': RESET },
      },
      { kind: 'rate_limited', isSecondary: false, retryAt: new Date('2026-03-01T12:01:30Z') },
    ],
    [
      '403, secondary limit with retry-after',
      { status: 403, headers: { 'retry-after': '61' } },
      { kind: 'rate_limited', isSecondary: true, retryAt: new Date('2026-03-01T12:01:01Z') },
    ],
    [
      '403, secondary limit with nothing left: until the reset',
      {
        status: 403,
        text: 'You have exceeded a secondary rate limit',
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': RESET },
      },
      { kind: 'rate_limited', isSecondary: true, retryAt: new Date('2026-03-01T12:01:30Z') },
    ],
    ['429 without a word', { status: 429 }, { kind: 'rate_limited', isSecondary: true, retryAt: null }],
    ['404', { status: 404 }, { kind: 'not_found' }],
    ['422', { status: 422 }, { kind: 'unexpected' }],
    ['500', { status: 500 }, { kind: 'transient', isNetwork: false, retryAt: null }],
    [
      '503 with a date',
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 12:00:20 GMT' } },
      { kind: 'transient', retryAt: new Date('2026-03-01T12:00:20Z') },
    ],
    ['502 at once', { status: 502, durationMs: 4_999 }, { kind: 'too_heavy', isCertain: false }],
    ['502 after 5 s', { status: 502, durationMs: 5_000 }, { kind: 'too_heavy', isCertain: true }],
    ['504 after 10 s', { status: 504, durationMs: 10_000 }, { kind: 'too_heavy', isCertain: true }],
    [
      'our own time-out',
      { status: null, failure: { isTimeout: true, message: 'no answer in 30 s' } },
      { kind: 'too_heavy', isCertain: true, message: 'no answer in 30 s' },
    ],
    [
      'a connection that broke at once',
      { status: null, failure: { isTimeout: false, message: 'read ECONNRESET' } },
      { kind: 'transient', isNetwork: true },
    ],
    [
      'a connection that broke after 9 s',
      { status: null, durationMs: 9_000, failure: { isTimeout: false, message: 'read ECONNRESET' } },
      { kind: 'too_heavy' },
    ],
  ])('%s', (_, given, expected) => {
    const judged = judgeStatus(exchange(given));
    if (expected === null) expect(judged).toBeNull();
    else expect(judged).toMatchObject(expected as object);
  });
});

describe('by GraphQL errors', () => {
  test.each<[string, object, string | null]>([
    ['today’s rate limit', { type: 'RATE_LIMIT', code: 'graphql_rate_limit', message: 'x' }, 'rate_limited'],
    ['only its code', { code: 'graphql_rate_limit', message: 'x' }, 'rate_limited'],
    ['the older rate limit', { type: 'RATE_LIMITED', message: 'x' }, 'rate_limited'],
    ['a secondary limit', { message: 'You have exceeded a secondary rate limit' }, 'rate_limited'],
    ['resource limits', { type: 'RESOURCE_LIMITS_EXCEEDED', message: 'x', path: ['a'] }, 'too_heavy'],
    ['node limit', { type: 'MAX_NODE_LIMIT_EXCEEDED', message: 'x' }, 'too_heavy'],
    [
      'a time-out',
      { message: 'Something went wrong while executing your query. Please include `1`' },
      'too_heavy',
    ],
    [
      'an unknown error somewhere in the data',
      { message: 'boom', path: ['repository', 'items'] },
      'too_heavy',
    ],
    ['an invalid query', { message: "Field 'x' doesn't exist on type 'Y'" }, 'unexpected'],
    [
      'an id of more than 32 bits',
      {
        message: 'Int cannot represent non 32-bit signed integer value: 2400000001',
        path: ['repository', 'items', 'nodes', 0, 'databaseId'],
      },
      null,
    ],
    ['a missing item', { type: 'NOT_FOUND', message: 'x', path: ['repository', 'i0'] }, null],
    ['a hidden item', { type: 'FORBIDDEN', message: 'x', path: ['repository', 'i0'] }, null],
  ])('%s', (_, error, kind) => {
    expect(judgeGraphqlErrors([error as never], exchange())?.kind ?? null).toBe(kind);
  });

  test('the worst of several errors counts', () => {
    const errors = [
      { type: 'NOT_FOUND', message: 'gone', path: ['a'] },
      { type: 'RATE_LIMIT', message: 'limit' },
    ];
    expect(judgeGraphqlErrors(errors, exchange({ headers: { 'x-ratelimit-reset': RESET } }))).toMatchObject({
      kind: 'rate_limited',
      retryAt: new Date('2026-03-01T12:01:30Z'),
    });
  });
});
