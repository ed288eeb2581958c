import type { RolloutContext } from '../command.ts';

/** Why, in the person's words: `--reason`, or what stands after the arguments of the verb. Null: nothing was said. */
export function reasonOf(
  { flags, words }: Pick<RolloutContext, 'flags' | 'words'>,
  argumentCount = 0,
): string | null {
  return flags.reason ?? (words.slice(argumentCount).join(' ').trim() || null);
}
