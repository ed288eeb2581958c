import type { RolloutVerb } from '../command.ts';
import { advanceVerb } from './advance.ts';
import { excludeVerb } from './exclude.ts';
import { freezeVerb } from './freeze.ts';
import { guardVerb } from './guard.ts';
import { helpVerb } from './help.ts';
import { historyVerb } from './history.ts';
import { holdVerb } from './hold.ts';
import { includeVerb } from './include.ts';
import { monitorVerb } from './monitor.ts';
import { resumeVerb } from './resume.ts';
import { setVerb } from './set.ts';
import { statsVerb } from './stats.ts';
import { statusVerb } from './status.ts';
import { stopVerb } from './stop.ts';
import { strategyVerb } from './strategy.ts';
import { unlistVerb } from './unlist.ts';
import { whyVerb } from './why.ts';

/** Every verb of `/rollout`. */
export const ROLLOUT_VERBS: readonly RolloutVerb[] = [
  helpVerb,
  statusVerb,
  statsVerb,
  historyVerb,
  whyVerb,
  monitorVerb,
  stopVerb,
  holdVerb,
  setVerb,
  advanceVerb,
  resumeVerb,
  includeVerb,
  excludeVerb,
  unlistVerb,
  strategyVerb,
  guardVerb,
  freezeVerb,
];
