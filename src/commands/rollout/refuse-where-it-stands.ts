import type { Rollout } from '../../rollout/rollout-store.ts';
import { type Answer, refuse } from '../../text/answer.ts';

type Standing = 'stopped' | 'rolled_back' | 'draft' | 'held';

/** Why a verb does nothing in the state that the rollout is in; null: it may. */
export function refuseWhereItStands(rollout: Rollout, refused: readonly Standing[]): Answer | null {
  if (rollout.stoppedBy.environment && refused.includes('stopped')) return stoppedByEnvironment();
  if (rollout.emergencyStop && refused.includes('stopped')) {
    return refuse('stopped', 'The rollout is stopped.', 'First: `/rollout resume [reason]`');
  }
  if (rollout.state === 'rolled_back' && refused.includes('rolled_back')) {
    return refuse(
      'rolled_back',
      'The rollout was rolled back, so nobody is in.',
      `\`/rollout resume <reason>\` restarts it at the first phase, ${rollout.phases[0]} %.`,
    );
  }
  if ((rollout.state === 'draft' || !rollout.isActive) && refused.includes('draft')) {
    return refuse('inactive', 'The rollout is not active.', 'First: `/rollout resume [reason]`');
  }
  if (rollout.state === 'held' && refused.includes('held')) {
    const by = rollout.hold?.by === 'guard' ? `the guard (\`${rollout.hold.code}\`)` : 'a person';
    return refuse('held', `The rollout is held by ${by}.`, 'First: `/rollout resume [reason]`');
  }
  return null;
}

export function stoppedByEnvironment(): Answer {
  return refuse(
    'stopped_by_environment',
    'The rollout is stopped by the environment of the app, which no command can lift.',
    'Unset `HYBRID_EMERGENCY_STOP` where the app runs, and start it again.',
  );
}
