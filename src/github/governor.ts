/** What one kind of API may be used for. */
export interface LaneLimits {
  /** Sum of response times in any 60 s, milliseconds; 0: nothing for now. */
  msPerMinute: number;
  /** Requests in any 60 s. */
  requestsPerMinute: number;
}

/**
 * Secondary limits (docs.github.com, "About secondary rate limits"): 60 s of GraphQL CPU time and 90 s of all in 60 s of
 * real time, "roughly estimated" by the response time; 2,000 points a minute of GraphQL and 900 of REST, a read being one.
 * Each lane stays 3 % below its part.
 */
export const GRAPHQL_LIMITS: LaneLimits = { msPerMinute: 58_000, requestsPerMinute: 1_900 };
export const REST_LIMITS: LaneLimits = { msPerMinute: 29_000, requestsPerMinute: 870 };

/** Half a second more than the minute: GitHub's clock and this one don't count alike. */
const WINDOW_MS = 60_500;
/** What the first request is taken to need. */
const FIRST_EXPECTED_MS = 1_000;

/** A request of the last minute, or one that is to come: when it ends and how long it takes (expected, until it ended). */
interface Booking {
  id: number;
  endsAt: number;
  durationMs: number;
}

/** The state of one lane; only the functions here make new ones. Times are milliseconds since 1970. */
export interface Governor {
  limits: LaneLimits;
  bookings: readonly Booking[];
  nextId: number;
  /** GitHub asked for silence until then. */
  silentUntil: number;
  /** How long the next request is taken to need. */
  expectedMs: number;
}

export function startGovernor(limits: LaneLimits): Governor {
  return { limits, bookings: [], nextId: 1, silentUntil: 0, expectedMs: FIRST_EXPECTED_MS };
}

/**
 * Books a request: the earliest time at which it may start so that, with all that was booked before, the lane stays within
 * its limits in every minute. A request that needs more than the whole limit gets a minute for itself.
 * @returns null when the lane may do nothing at all for now
 */
export function bookRequest(
  governor: Governor,
  now: number,
): { governor: Governor; id: number; startAt: number } | null {
  const { limits, nextId: id } = governor;
  if (limits.msPerMinute <= 0) return null;
  const expectedMs = Math.min(governor.expectedMs, limits.msPerMinute);
  const bookings = governor.bookings.filter(({ endsAt }) => endsAt > now - WINDOW_MS);
  const earliest = Math.max(now, governor.silentUntil);
  // Room only comes when a booking leaves the minute in which the request ends, so these are all the times to look at.
  const leaving = bookings.map(({ endsAt }) => endsAt + WINDOW_MS - expectedMs);
  const times = [earliest, ...leaving].sort((a, b) => a - b);
  const startAt =
    times.find((time) => time >= earliest && hasRoom(bookings, limits, time, expectedMs)) ?? earliest;
  const booking = { id, endsAt: startAt + expectedMs, durationMs: expectedMs };
  return { governor: { ...governor, bookings: [...bookings, booking], nextId: id + 1 }, id, startAt };
}

/** Whether the minute in which a request that starts then ends has room for it: what has ended is what GitHub counts. */
function hasRoom(
  bookings: readonly Booking[],
  limits: LaneLimits,
  time: number,
  expectedMs: number,
): boolean {
  const within = bookings.filter(({ endsAt }) => endsAt > time + expectedMs - WINDOW_MS);
  const sum = within.reduce((total, { durationMs }) => total + durationMs, 0);
  return within.length < limits.requestsPerMinute && sum + expectedMs <= limits.msPerMinute;
}

/** The request has ended: what it really took takes the place of what was expected. */
export function endRequest(governor: Governor, id: number, now: number, durationMs: number): Governor {
  const bookings = governor.bookings.map((booking) =>
    booking.id === id ? { id, endsAt: now, durationMs } : booking,
  );
  // The last answers weigh most: pages of one kind need about the same.
  return { ...governor, bookings, expectedMs: (governor.expectedMs + durationMs) / 2 };
}

/** The request was not sent after all. */
export function cancelRequest(governor: Governor, id: number): Governor {
  return { ...governor, bookings: governor.bookings.filter((booking) => booking.id !== id) };
}

/** GitHub asked for silence: nothing starts before that time. */
export function silence(governor: Governor, until: number): Governor {
  return { ...governor, silentUntil: Math.max(governor.silentUntil, until) };
}

/** The lane's part of the installation's budget has changed. */
export function limitGovernor(governor: Governor, limits: LaneLimits): Governor {
  return { ...governor, limits };
}
