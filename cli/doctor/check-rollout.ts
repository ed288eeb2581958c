import { readRollout } from '../../src/rollout/rollout-store.ts';
import { readMigrationState } from '../../src/store/read-migration-state.ts';
import type { Check } from './context.ts';
import { ok, warning } from './finding.ts';

export const rolloutCheck: Check = {
  name: 'rollout',
  async run({ db, config }) {
    if (db === null || (await readMigrationState(db)).state !== 'ok') return [];
    const known = await db.selectFrom('rollout_configuration').select('id').executeTakeFirst();
    if (!known) return [];
    const rollout = await readRollout(db, { environmentStop: config.rollout.environmentStop });
    const where = `${rollout.percentage} %, v${rollout.version}`;
    if (rollout.stoppedBy.environment) {
      return [
        warning(
          'rollout',
          'stopped_by_environment',
          'HYBRID_EMERGENCY_STOP stops all bulk work.',
          'Unset it and restart the app, when the reason is gone.',
        ),
      ];
    }
    if (rollout.stoppedBy.database || rollout.state === 'rolled_back' || rollout.state === 'held') {
      return [
        warning(
          'rollout',
          `rollout_${rollout.state}`,
          `The rollout is ${rollout.state} (${where}).`,
          '"hybrid-capture rollout status" tells why, and what goes on from there.',
        ),
      ];
    }
    return [ok('rollout', `It is ${rollout.state} (${where}).`)];
  },
};
