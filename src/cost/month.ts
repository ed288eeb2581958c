/** A calendar month, UTC. */
export interface Month {
  /** Such as `2026-11`. */
  name: string;
  from: Date;
  /** When the next one begins. */
  to: Date;
}

/** The month that a time is in. */
export function monthOf(time: Date): Month {
  const begin = (offset: number) => new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + offset, 1));
  return { name: time.toISOString().slice(0, 7), from: begin(0), to: begin(1) };
}
