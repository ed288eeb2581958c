import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bookRequest,
  cancelRequest,
  endRequest,
  type Governor,
  GRAPHQL_LIMITS,
  type LaneLimits,
  limitGovernor,
  silence,
  startGovernor,
} from '../../src/github/governor.ts';

const LIMITS: LaneLimits = { msPerMinute: 10_000, requestsPerMinute: 100 };

function book(governor: Governor, now: number) {
  const booking = bookRequest(governor, now);
  if (booking === null) throw new Error('nothing may be asked');
  return booking;
}

/** Sends a request of that length as soon as it may go; answers when it began. */
function send(governor: Governor, now: number, durationMs: number) {
  const booking = book(governor, now);
  const endedAt = booking.startAt + durationMs;
  return {
    governor: endRequest(booking.governor, booking.id, endedAt, durationMs),
    at: booking.startAt,
    endedAt,
  };
}

describe('governor', () => {
  test('lets a first request go at once', () => {
    expect(book(startGovernor(LIMITS), 5_000).startAt).toBe(5_000);
  });

  test('waits until enough of what was used is a minute old', () => {
    let governor = startGovernor(LIMITS);
    const ends: number[] = [];
    let now = 1_000_000;
    for (let i = 0; i < 3; i += 1) {
      const sent = send(governor, now, 3_000);
      ({ governor } = sent);
      now = sent.endedAt;
      ends.push(now);
    }
    // 9 s are used; one more of about 3 s must end when the first has left the minute, half a second later to be safe.
    expect(book(governor, now).startAt).toBe((ends[0] ?? 0) + 60_500 - governor.expectedMs);
    expect(governor.expectedMs).toBe(2_750);
  });

  test('counts a request that is under way as what it is expected to take', () => {
    let governor = send(startGovernor({ ...LIMITS, msPerMinute: 4_000 }), 0, 4_000).governor;
    const first = book(governor, 4_000);
    governor = first.governor;
    expect(first.startAt).toBe(4_000 + 60_500 - 2_500);
    // The second one waits for the first as well, though that has not even begun.
    expect(book(governor, 4_000).startAt).toBe(first.startAt + 60_500);
    expect(book(cancelRequest(governor, first.id), 4_000).startAt).toBe(first.startAt);
  });

  test('keeps the number of requests too', () => {
    let governor = startGovernor({ msPerMinute: 50_000, requestsPerMinute: 3 });
    for (let i = 0; i < 3; i += 1) ({ governor } = send(governor, i, 1));
    expect(book(governor, 10).startAt).toBe(1 + 60_500 - governor.expectedMs);
  });

  test('gives a request that needs more than the whole limit a minute for itself', () => {
    const { governor } = send(startGovernor({ ...LIMITS, msPerMinute: 500 }), 0, 3_000);
    expect(book(governor, 3_000).startAt).toBe(63_500 - 500);
    const second = send(governor, 3_000, 3_000);
    expect(second.endedAt).toBe(66_000);
    expect(book(second.governor, 66_000).startAt).toBe(66_000 + 60_500 - 500);
  });

  test('is silent as long as GitHub asks, and never shorter', () => {
    const governor = silence(silence(startGovernor(LIMITS), 9_000), 5_000);
    expect(book(governor, 1_000).startAt).toBe(9_000);
    expect(book(governor, 10_000).startAt).toBe(10_000);
  });

  test('lets nothing go without a share, and goes on when there is one', () => {
    const governor = limitGovernor(startGovernor(LIMITS), { ...LIMITS, msPerMinute: 0 });
    expect(bookRequest(governor, 0)).toBeNull();
    expect(book(limitGovernor(governor, LIMITS), 7).startAt).toBe(7);
  });

  test('no minute ever sums up to more than 60 s of GraphQL, however long the requests take', () => {
    const durations = fc.array(fc.integer({ min: 1, max: 8_000 }), { minLength: 20, maxLength: 120 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 1, max: 2 }), (lengths, atOnce) => {
        let governor = startGovernor(GRAPHQL_LIMITS);
        const spans: { at: number; ms: number }[] = [];
        // Each slot sends its next request when its last one has ended.
        const slots = Array.from({ length: atOnce }, () => 0);
        for (const ms of lengths) {
          const slot = slots.indexOf(Math.min(...slots));
          const sent = send(governor, slots[slot] ?? 0, ms);
          ({ governor } = sent);
          slots[slot] = sent.endedAt;
          spans.push({ at: sent.endedAt, ms });
        }
        // GitHub looks at what it served in the minute before a request comes in.
        for (const { at } of spans) {
          const sum = spans
            .filter((span) => span.at > at - 60_000 && span.at <= at)
            .reduce((total, span) => total + span.ms, 0);
          // A request may turn out longer than expected, by as much as it is.
          expect(sum).toBeLessThan(60_000 + 8_000 * atOnce);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('requests of 3 s use 94 of 100 parts of the time that GitHub gives: 19 of them fit into a minute', () => {
    let governor = startGovernor(GRAPHQL_LIMITS);
    let now = 0;
    for (let i = 0; i < 400; i += 1) {
      const sent = send(governor, now, 3_000);
      ({ governor } = sent);
      now = sent.endedAt;
    }
    expect((400 * 3_000) / now).toBeGreaterThan(0.94);
  });
});
