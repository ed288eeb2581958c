import type { Session } from './session.ts';

/** An item was deleted or transferred since GitHub listed it: nothing that could be had is missing. */
export function noteGone({ warnings }: Pick<Session, 'warnings'>, number: number): void {
  warnings.add(`Number ${number} was listed and is there no more`);
}
