import { readMigrationState } from '../../src/store/read-migration-state.ts';
import type { Check } from './context.ts';
import { ok, warning } from './finding.ts';

/** What the loops of the app have found wrong, and that is not over. */
export const alarmsCheck: Check = {
  name: 'alarms',
  async run({ db }) {
    if (db === null || (await readMigrationState(db)).state !== 'ok') return [];
    const open = await db
      .selectFrom('alarms')
      .select(['name', 'code', 'message', 'raised_at'])
      .where('cleared_at', 'is', null)
      .orderBy('name')
      .execute();
    if (open.length === 0) return [ok('alarms', 'None is raised.')];
    return open.map(({ name, code, message, raised_at: raisedAt }) =>
      warning(
        'alarms',
        code,
        `${name}, since ${raisedAt.toISOString()}: ${message}`,
        'Do what it says; the app clears the alarm when the cause is gone.',
      ),
    );
  },
};
