import { sql } from 'kysely';
import type { Database } from '../../store/database.ts';
import type { Answer } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import { FEATURE_NAME } from '../evaluate-enrolment.ts';

/** An alarm that people do not know of yet, or of which they do not know that it is over. */
interface Untold {
  name: string;
  level: 'notice' | 'alarm';
  code: string;
  message: string;
  raised_at: Date;
  cleared_at: Date | null;
}

/**
 * Notes what people are to be told of alarms: once that one is raised, or has become another one, and once that it is over.
 * Of each, by name and code, at most one notice in 24 hours: an alarm that comes and goes is no flood of comments, and one
 * that has come again is told when the day is over.
 * @returns how many notices were written
 */
export async function insertAlarmNotices(db: Database, now: Date): Promise<number> {
  const dayAgo = new Date(now.getTime() - 86_400_000);
  const { rows } = await sql<Untold>`
      SELECT alarm.name, alarm.level, alarm.code, alarm.message, alarm.raised_at, alarm.cleared_at
      FROM alarms AS alarm
        LEFT JOIN LATERAL (SELECT kind, alarm_code FROM rollout_notices WHERE rollout_notices.alarm = alarm.name
          ORDER BY id DESC LIMIT 1) AS told ON true
      WHERE CASE WHEN alarm.cleared_at IS NULL
          THEN told.kind IS DISTINCT FROM 'alarm' OR told.alarm_code <> alarm.code
          ELSE told.kind = 'alarm' END
        AND NOT EXISTS (SELECT FROM rollout_notices AS recent
          WHERE recent.alarm = alarm.name AND recent.alarm_code = alarm.code AND recent.created_at > ${dayAgo}
            AND recent.kind = CASE WHEN alarm.cleared_at IS NULL THEN 'alarm' ELSE 'alarm_over' END)
      ORDER BY coalesce(alarm.cleared_at, alarm.raised_at), alarm.name`.execute(db);
  if (rows.length === 0) return 0;
  await db
    .insertInto('rollout_notices')
    .values(
      rows.map((alarm) => ({
        feature_name: FEATURE_NAME,
        kind: alarm.cleared_at === null ? ('alarm' as const) : ('alarm_over' as const),
        content: JSON.stringify(renderAlarm(alarm)),
        alarm: alarm.name,
        alarm_code: alarm.code,
        created_at: now,
      })),
    )
    .execute();
  return rows.length;
}

/** The message is ours, and names no repository. */
function renderAlarm({ name, level, code, message, raised_at, cleared_at }: Untold): Answer {
  const began: Answer['table'][number] = ['Began', formatTime(raised_at)];
  if (cleared_at === null) {
    const what = level === 'alarm' ? 'Alarm' : 'Notice';
    return { ok: false, reasonCode: code, headline: `${what}: \`${name}\``, table: [began], body: [message] };
  }
  const ended: Answer['table'][number] = ['Over', formatTime(cleared_at)];
  return { ok: true, reasonCode: code, headline: `Over: \`${name}\``, table: [began, ended], body: [] };
}
