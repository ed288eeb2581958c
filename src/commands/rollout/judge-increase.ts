import type { RolloutPicture } from '../../rollout/read-picture.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { countOf } from '../../text/count-of.ts';
import type { RolloutContext } from '../command.ts';
import { authorize, type PermissionLevel } from '../permission.ts';

/**
 * Why exposure may not be increased now; null: it may. An admin passes over a freeze or a cool-down with `--force` and a
 * reason; nobody passes over a breach, which the guard would roll back again.
 */
export function judgeIncrease(
  { tick }: RolloutPicture,
  context: Pick<RolloutContext, 'flags' | 'verb' | 'words'>,
  options: { level: PermissionLevel; reason: string | null; gates: readonly string[] },
): Answer | null {
  const closed = tick.gates.filter(({ code, isOpen }) => !isOpen && options.gates.includes(code));
  const [first] = closed;
  if (!first) return null;
  const rows = closed.map((gate) => [gate.label, gate.text] as const);
  const codes = closed.map(({ code }) => `\`${code}\``).join(', ');
  const headline = `Not now: ${countOf(closed.length, 'gate')} ${closed.length === 1 ? 'is' : 'are'} closed (${codes}).`;
  const final = closed.find(({ override }) => override === null);
  if (final) return { ...refuse(final.code, headline), table: rows };
  const needed = closed.some(({ override }) => override === 'admin') ? 'admin' : 'maintain';
  if (!context.flags.force) {
    return {
      ...refuse(first.code, headline, `Over it, with ${needed} permission: ${forceCommand(context)}`),
      table: rows,
    };
  }
  return judgeForce(options, needed);
}

/** The command with what it needs; the argument only where it is plain enough to be shown. */
function forceCommand({ verb, words }: Pick<RolloutContext, 'verb' | 'words'>): string {
  const argument = words[0] !== undefined && /^[\w./%-]{1,100}$/.test(words[0]) ? ` ${words[0]}` : '';
  return `\`/rollout ${verb.verb}${argument} --force --reason "…"\``;
}

/** Why somebody may not force this; null: they may. */
export function judgeForce(
  { level, reason }: { level: PermissionLevel; reason: string | null },
  needed: PermissionLevel,
): Answer | null {
  if (!authorize(level, needed)) {
    return refuse('permission_denied', `To force this needs ${needed} permission here; yours is ${level}.`);
  }
  return reason === null ? refuse('reason_missing', 'What is forced needs `--reason "…"`.') : null;
}
