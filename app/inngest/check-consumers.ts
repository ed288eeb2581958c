/** An event would be sent that no function is triggered by. */
export class UnconsumedEventError extends Error {
  override name = 'UnconsumedEventError';
}

interface TriggeredFunction {
  opts: { triggers?: readonly { event?: unknown; cron?: unknown }[] };
}

/**
 * Checks at start that every event which can be sent starts a function: an event without one is accepted by Inngest
 * and lost without a word.
 * @throws UnconsumedEventError
 */
export function checkConsumers(
  events: readonly { name: string }[],
  functions: readonly TriggeredFunction[],
): void {
  const consumed = new Set(functions.flatMap(({ opts }) => (opts.triggers ?? []).map(eventName)));
  const missing = events.filter(({ name }) => !consumed.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new UnconsumedEventError(
      `No Inngest function is triggered by ${missing.join(', ')}: add one in app/inngest/job-functions.ts.`,
    );
  }
}

function eventName({ event }: { event?: unknown }): string | null {
  if (typeof event === 'string') return event;
  if (typeof event === 'object' && event !== null && 'name' in event) return String(event.name);
  return null;
}
