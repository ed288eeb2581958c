import type { Database } from '../store/database.ts';
import { type CommandOutcome, refuse } from './command-outcome.ts';
import { FEATURE_NAME } from './evaluate-enrolment.ts';
import { authorize, type PermissionLevel } from './permission.ts';
import type { RolloutActor, RolloutSource } from './rollout-store.ts';
import { helpVerb } from './verbs/help.ts';
import { includeVerb } from './verbs/include.ts';
import { statusVerb } from './verbs/status.ts';
import { stopVerb } from './verbs/stop.ts';

/** A verb of `/rollout`, the same for comments and for the CLI. */
export interface RolloutVerb {
  verb: string;
  /** Without the `/rollout` before it. */
  usage: string;
  summary: string;
  /** Level of access to the control repository. */
  needs: PermissionLevel;
  isWrite: boolean;
  examples: readonly string[];
  run: (args: readonly string[], context: VerbContext) => Promise<CommandOutcome>;
}

/** What a command needs from the place where it was given. */
export interface CommandContext {
  db: Database;
  environmentStop: boolean;
  actor: RolloutActor;
  source: RolloutSource;
  /**
   * What the place is: the control repository or a terminal (`control`), another repository (its commands are refused
   * with the name of the right one), or a repository while no control repository is configured (only reads answer).
   */
  place: { kind: 'control' } | { kind: 'elsewhere'; control: string } | { kind: 'unconfigured' };
  /**
   * The actor's level of access to the control repository, asked anew at each call and never cached: once before
   * anything, and again under the lock before a write. Null: it could not be verified.
   */
  permission: () => Promise<PermissionLevel | null>;
  /** An installed repository by its full name, in any letter case; null where there is none. */
  findRepository: (fullName: string) => Promise<{ id: number; fullName: string } | null>;
}

export interface VerbContext extends CommandContext {
  /** Null when the actor may still do this now, else the refusal; for use under the lock. */
  refuseUnauthorised: () => Promise<CommandOutcome | null>;
  verbs: readonly RolloutVerb[];
}

/** Every verb that there is; help, did-you-mean, permissions and the CLI come from here. */
export const ROLLOUT_VERBS: readonly RolloutVerb[] = [helpVerb, statusVerb, includeVerb, stopVerb];

/** The verb of a command; a command without one asks for help. Undefined: there is no such verb. */
export function findVerb(verb: string | null): RolloutVerb | undefined {
  return ROLLOUT_VERBS.find((candidate) => candidate.verb === (verb ?? 'help'));
}

/**
 * Carries out one `/rollout` command, the only implementation for comments and the CLI: finds the verb, checks the
 * place and the permission, runs it. Expected refusals are outcomes; what it throws is a fault of the store.
 */
export async function executeRolloutCommand(
  command: { verb: string | null; args: readonly string[] },
  context: CommandContext,
): Promise<CommandOutcome> {
  if (context.place.kind === 'elsewhere') {
    return refuse('not_control_repository', `The rollout is steered in ${context.place.control}, not here.`);
  }
  const verb = findVerb(command.verb);
  if (verb === undefined) return unknownVerb(command.verb ?? '');
  if (verb.isWrite && context.place.kind === 'unconfigured') {
    return refuse(
      'control_repository_unset',
      'Changes are refused: no control repository is configured.',
      'Set CONTROL_REPOSITORY to owner/repo; its collaborators then decide about the rollout.',
    );
  }
  const refuseUnauthorised = () => authorizeVerb(verb, context);
  const refusal = await refuseUnauthorised();
  if (refusal) return refusal;
  // The name of the feature may stand before the arguments; there is only this one.
  const args = command.args[0] === FEATURE_NAME ? command.args.slice(1) : command.args;
  return verb.run(args, { ...context, refuseUnauthorised, verbs: ROLLOUT_VERBS });
}

async function authorizeVerb(verb: RolloutVerb, context: CommandContext): Promise<CommandOutcome | null> {
  const level = await context.permission();
  if (authorize(level, verb.needs)) return null;
  if (level === null) {
    return refuse(
      'permission_unverified',
      `Your permission could not be verified, so \`${verb.verb}\` was not carried out. Try again.`,
    );
  }
  return refuse(
    'permission_denied',
    `\`${verb.verb}\` needs ${verb.needs} permission here; yours is ${level}.`,
  );
}

function unknownVerb(verb: string): CommandOutcome {
  const similar = ROLLOUT_VERBS.map((candidate) => ({
    name: candidate.verb,
    distance: editDistance(verb, candidate.verb),
  }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return {
    ...refuse(
      'unknown_verb',
      similar ? `There is no such verb. Did you mean \`${similar.name}\`?` : 'There is no such verb.',
      `Verbs: ${ROLLOUT_VERBS.map((candidate) => `\`${candidate.verb}\``).join(', ')}.`,
    ),
    quoted: verb,
  };
}

/** Levenshtein's distance with neighbouring letters swapped as one step (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 0; i <= from.length; i++) {
    const row: number[] = [];
    rows.push(row);
    for (let j = 0; j <= to.length; j++) {
      if (i === 0 || j === 0) {
        row.push(i + j);
        continue;
      }
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, at(i - 2, j - 2) + 1);
      }
      row.push(best);
    }
  }
  return at(from.length, to.length);
}
