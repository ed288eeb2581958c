import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import type { JobLog } from './job-log.ts';

/** Something that is wrong, or soon will be, and that nobody would notice by themselves. */
export interface Alarm {
  /** `notice`: nothing is held up yet. */
  level: 'notice' | 'alarm';
  /** Stable. */
  code: string;
  /** For people: what is wrong and what to do. Nothing of GitHub's text. */
  message: string;
}

/**
 * Sets or clears (null) the alarm of this name in `alarms`; it says so in the log when that is new, and once more when
 * its code changes. What stays as it is, is only noted as seen.
 */
export async function setAlarm(
  db: Database,
  name: string,
  alarm: Alarm | null,
  { now, log }: { now: Date; log: JobLog },
): Promise<void> {
  const before = await db
    .selectFrom('alarms')
    .select(['code', 'cleared_at'])
    .where('name', '=', name)
    .executeTakeFirst();
  const isOpen = before !== undefined && before.cleared_at === null;
  if (alarm === null) {
    if (!isOpen) return;
    await db
      .updateTable('alarms')
      .set({ cleared_at: now, checked_at: now })
      .where('name', '=', name)
      .where('cleared_at', 'is', null)
      .execute();
    log.info({ stage: 'alarm', alarm: name, code: before.code }, 'An alarm is over.');
    return;
  }
  await db
    .insertInto('alarms')
    .values({ name, ...alarm, raised_at: now, checked_at: now })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        ...alarm,
        checked_at: now,
        cleared_at: null,
        raised_at: sql<Date>`CASE WHEN alarms.cleared_at IS NULL AND alarms.code = excluded.code
          THEN alarms.raised_at ELSE excluded.raised_at END`,
      }),
    )
    .execute();
  if (isOpen && before.code === alarm.code) return;
  const line = { stage: 'alarm', alarm: name, code: alarm.code };
  if (alarm.level === 'notice') log.warn(line, alarm.message);
  else log.error(line, alarm.message);
}
