import { z } from 'zod';

/** Why the rollout is held, and by whom: a person's hold is a person's to lift. */
export const Hold = z.object({
  by: z.enum(['person', 'guard']),
  code: z.string(),
  /** A person's words, or the guard's sentence. */
  reason: z.string().nullable(),
});
export type Hold = z.infer<typeof Hold>;

/** One that was written by hand and can't be read is still a hold. */
export function readHold(stored: unknown): Hold {
  const hold = Hold.safeParse(stored);
  return hold.success ? hold.data : { by: 'person', code: 'held', reason: null };
}
