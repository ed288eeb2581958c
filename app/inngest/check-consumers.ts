import type { InngestEventType } from '../../src/dispatch/job-events.ts';

/** The registry of events and the functions do not fit each other. */
export class UnconsumedEventError extends Error {
  override name = 'UnconsumedEventError';
}

interface TriggeredFunction {
  opts: { id?: string; triggers?: readonly { event?: unknown; cron?: unknown }[] };
}

/**
 * Checks at start that every event which can be sent starts the function that the registry names, in the same version,
 * and that no function waits for an event that nobody sends: an event without a function is accepted by Inngest and lost
 * without a word.
 * @throws UnconsumedEventError that names all of them
 */
export function checkConsumers(
  events: readonly Pick<InngestEventType, 'name' | 'version' | 'consumer'>[],
  functions: readonly TriggeredFunction[],
): void {
  const triggers = functions.flatMap(({ opts }) =>
    (opts.triggers ?? []).flatMap((trigger) => {
      const event = eventOf(trigger);
      return event ? [{ ...event, id: opts.id }] : [];
    }),
  );
  const problems: string[] = [];
  for (const { name, version, consumer } of events) {
    const trigger = triggers.find((each) => each.name === name && each.id === consumer);
    if (!trigger) problems.push(`${name} starts no function ${consumer}`);
    else if (trigger.version !== null && trigger.version !== version) {
      problems.push(
        `${name} is sent in version ${version}, and ${consumer} reads version ${trigger.version}`,
      );
    }
  }
  for (const { name, id } of triggers) {
    if (!events.some((event) => event.name === name))
      problems.push(`${id} waits for ${name}, which nobody sends`);
  }
  if (problems.length > 0) {
    throw new UnconsumedEventError(
      `${problems.join('; ')}: make app/inngest/job-functions.ts and src/dispatch/job-events.ts fit each other.`,
    );
  }
}

/** Null for a trigger by time. A trigger by name alone has no version. */
function eventOf({ event }: { event?: unknown }): { name: string; version: string | null } | null {
  if (typeof event === 'string') return { name: event, version: null };
  if (typeof event !== 'object' || event === null || !('name' in event)) return null;
  return { name: String(event.name), version: 'version' in event ? String(event.version) : null };
}
