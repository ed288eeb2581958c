import type { Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import type { PlanContext } from '../jobs/plan-work.ts';
import type { RolloutActor, RolloutSource } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import type { Answer } from '../text/answer.ts';
import type { CaptureInclude, WorkRepository } from '../work-item/work-item.ts';
import type { PermissionLevel } from './permission.ts';
import type { CommandFlags, FlagName } from './read-flags.ts';

/** One verb of a slash command, as data: help, permissions, did-you-mean, comments and the terminal come from it. */
export interface Verb<Context> {
  verb: string;
  /** Without the `/rollout` or `/capture` before it. */
  usage: string;
  summary: string;
  /** Level of access, to the control repository or to the captured one. */
  needs: PermissionLevel;
  isWrite: boolean;
  flags: readonly FlagName[];
  /** A flag that is not known is a word like others: a stop is never refused for a typing error. */
  isLenient?: true;
  examples: readonly string[];
  run: (context: Context) => Promise<Answer>;
}

/** What a command needs from the place where it was given. */
export interface CommandPlace {
  db: Database;
  now: () => Date;
  environmentStop: boolean;
  actor: RolloutActor;
  source: RolloutSource;
  /**
   * The actor's level of access, asked anew at each call and never cached: once before anything, and again under the
   * lock before a write. Null: it could not be verified.
   */
  permission: () => Promise<PermissionLevel | null>;
  /** Whether the command still stands as it was written; asked under the lock. A refusal where it does not. */
  confirm?: () => Promise<Answer | null>;
  /** Keeps the answer in the transaction of the change, so that a crash neither repeats the one nor loses the other. */
  note?: (trx: Transaction<DB>, answer: Answer) => Promise<void>;
  /** The change is committed: what waits may be routed again. */
  onChanged?: () => void;
  /** How jobs are planned and routed here. */
  planning: Pick<PlanContext, 'config' | 'bulkFor'>;
}

export interface RolloutPlace extends CommandPlace {
  /** What a month may cost, and what it costs. */
  costing: Pick<Config, 'budgets' | 'prices'>;
  /**
   * What the place is: the control repository or a terminal (`control`), another repository (its commands are refused
   * with the name of the right one), or a repository while no control repository is configured (only reads answer).
   */
  place: { kind: 'control' } | { kind: 'elsewhere'; control: string } | { kind: 'unconfigured' };
  /** The world can read the answer, so it names no private repository. */
  isPublic: boolean;
  /** A repository that the App serves, by its full name in any letter case; null where there is none. */
  findRepository: (fullName: string) => Promise<WorkRepository | null>;
}

export interface CapturePlace extends CommandPlace {
  repository: WorkRepository;
  /** The issue or pull request of the comment. */
  issue: { number: number; isPullRequest: boolean };
  /** What repository-wide work walks. */
  include: readonly CaptureInclude[];
}

/** What a verb is given beside its place: the words and flags of the command, read. */
interface Given {
  words: readonly string[];
  flags: CommandFlags;
  /** What the actor was found to be at first; a write asks again. */
  level: PermissionLevel;
}

export type RolloutContext = RolloutPlace & Given & { verb: RolloutVerb; verbs: readonly RolloutVerb[] };
export type CaptureContext = CapturePlace & Given & { verb: CaptureVerb; verbs: readonly CaptureVerb[] };
export type RolloutVerb = Verb<RolloutContext>;
export type CaptureVerb = Verb<CaptureContext>;
