import { FEATURE_NAME } from '../rollout/evaluate-enrolment.ts';
import { type Answer, refuse } from '../text/answer.ts';
import { CAPTURE_VERBS } from './capture/verbs.ts';
import type { CapturePlace, CommandPlace, RolloutPlace, Verb } from './command.ts';
import type { CommandName } from './parse-command.ts';
import { authorize, type PermissionLevel } from './permission.ts';
import { type CommandFlags, readFlags } from './read-flags.ts';
import { refuseLevel } from './refuse-level.ts';
import { ROLLOUT_VERBS } from './rollout/verbs.ts';
import { suggestVerb } from './suggest-verb.ts';

export interface Command {
  /** Null asks for help. */
  verb: string | null;
  args: readonly string[];
}

/**
 * Carries out one `/rollout` command: the only implementation for comments, the terminal and the console. Finds the
 * verb, checks the place, the flags and the permission, and runs it. Expected refusals are answers; what it throws is a
 * fault of the store.
 */
export async function executeRolloutCommand(command: Command, place: RolloutPlace): Promise<Answer> {
  if (place.place.kind === 'elsewhere') {
    return refuse(
      'not_control_repository',
      `The rollout is steered in ${place.place.control}, not here.`,
      'This repository has its own `/capture` commands: `/capture help`.',
    );
  }
  const verb = findVerb(ROLLOUT_VERBS, command.verb);
  if (verb === undefined) return unknownVerb('rollout', command.verb ?? '', ROLLOUT_VERBS);
  if (verb.isWrite && place.place.kind === 'unconfigured') {
    return refuse(
      'control_repository_unset',
      'Changes are refused: no control repository is configured.',
      'Set CONTROL_REPOSITORY to owner/repo; its collaborators then decide about the rollout.',
    );
  }
  const args = await withoutFeature(command.args, place);
  if ('headline' in args) return args;
  const given = await prepare(verb, args, place);
  if ('headline' in given) return given;
  return verb.run({ ...place, ...given, verb, verbs: ROLLOUT_VERBS });
}

/** Carries out one `/capture` command, by the permissions in the repository that it was written in. */
export async function executeCaptureCommand(command: Command, place: CapturePlace): Promise<Answer> {
  const verb = findVerb(CAPTURE_VERBS, command.verb);
  if (verb === undefined) return unknownVerb('capture', command.verb ?? '', CAPTURE_VERBS);
  const given = await prepare(verb, command.args, place);
  if ('headline' in given) return given;
  return verb.run({ ...place, ...given, verb, verbs: CAPTURE_VERBS });
}

/** Whether a command changes something: a comment may hold one of those, and any number of others. */
export function isWriteCommand(command: Command & { name: CommandName }): boolean {
  const verbs: readonly Verb<never>[] = command.name === 'rollout' ? ROLLOUT_VERBS : CAPTURE_VERBS;
  const verb = findVerb(verbs, command.verb);
  return verb?.isWrite === true && !(verb.flags.includes('dry-run') && command.args.includes('--dry-run'));
}

function findVerb<One extends Verb<never>>(verbs: readonly One[], verb: string | null): One | undefined {
  return verbs.find((candidate) => candidate.verb === (verb ?? 'help'));
}

/** The words, the flags and the actor's level; or why the verb is not carried out. */
async function prepare(
  verb: Verb<never>,
  args: readonly string[],
  place: CommandPlace,
): Promise<
  Answer | { words: string[]; flags: CommandFlags; level: PermissionLevel; actor: CommandPlace['actor'] }
> {
  const level = await place.permission();
  if (level === null || !authorize(level, verb.needs)) return refuseLevel(verb, level);
  const read = readFlags(args, verb.flags, { isLenient: verb.isLenient === true });
  if ('problem' in read) {
    return { ...refuse('not_understood', read.problem, usageOf(verb)), quoted: args.join(' ') };
  }
  if (read.words.length > 0 && !takesWords(verb)) {
    const problem = `\`${verb.verb}\` takes no arguments.`;
    return { ...refuse('not_understood', problem, usageOf(verb)), quoted: args.join(' ') };
  }
  const actor = place.actor.type === 'user' ? { ...place.actor, permission: level } : place.actor;
  return { ...read, level, actor };
}

/** Whether its usage has more than flags. */
function takesWords({ verb, usage }: Verb<never>): boolean {
  return usage.replace(/\[--[^\]]*\]/g, '').trim() !== verb;
}

function usageOf(verb: Verb<never>): string {
  return `Usage: \`${verb.usage}\``;
}

/** The name of the feature may stand before the arguments; it must, where the database holds several. */
async function withoutFeature(
  args: readonly string[],
  { db }: RolloutPlace,
): Promise<readonly string[] | Answer> {
  if (args[0] === FEATURE_NAME) return args.slice(1);
  const features = await db.selectFrom('rollout_configuration').select('feature_name').execute();
  const names = features.map(({ feature_name }) => feature_name);
  if (names.length < 2) return args;
  const other = names.find((name) => name === args[0]);
  return other === undefined
    ? refuse(
        'feature_missing',
        `There are ${names.length} rollouts: name \`${FEATURE_NAME}\` after the verb.`,
      )
    : refuse('feature_unknown', `This app's rollout is \`${FEATURE_NAME}\`, not that one.`);
}

function unknownVerb(name: CommandName, written: string, verbs: readonly Verb<never>[]): Answer {
  const names = verbs.map(({ verb }) => verb);
  const meant = suggestVerb(written, names);
  return {
    ...refuse(
      'unknown_verb',
      meant ? `There is no such verb. Did you mean \`${meant}\`?` : 'There is no such verb.',
      `Verbs of \`/${name}\`: ${names.map((verb) => `\`${verb}\``).join(', ')}.`,
    ),
    quoted: written,
  };
}
