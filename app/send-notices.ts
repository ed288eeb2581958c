import { sql } from 'kysely';
import type { Config } from '../src/config/config.ts';
import { statusOf } from '../src/github/status-of.ts';
import { FEATURE_NAME } from '../src/rollout/evaluate-enrolment.ts';
import { insertAlarmNotices } from '../src/rollout/guard/insert-alarm-notices.ts';
import {
  findWaitingNotices,
  markNoticeFailed,
  markNoticeSent,
  type Notice,
} from '../src/rollout/guard/notices.ts';
import { findLastPerson } from '../src/rollout/history.ts';
import type { Database } from '../src/store/database.ts';
import { findServedRepository } from '../src/store/find-repository.ts';
import type { Answer } from '../src/text/answer.ts';
import { neutralizeLog } from '../src/text/neutralize.ts';
import { renderMarkdown, replyMarker } from '../src/text/render-answer.ts';
import { askOnce, type GitHubApp, type Octokit } from './github-app.ts';
import type { AppLog } from './log.ts';

interface Place {
  owner: string;
  repo: string;
  repositoryId: number;
}

/**
 * Sends what people are to be told of automatic changes and of alarms, as comments in the issue in which the rollout was
 * steered last; where it was steered from none yet, the app opens one. What can't be sent now waits for the next call.
 * Resolves to how many went out.
 */
export function createNoticeSender(options: {
  db: Database;
  config: Pick<Config, 'control'>;
  app: Pick<GitHubApp, 'installation'>;
  log: AppLog;
}): () => Promise<number> {
  const { db, config, app, log } = options;
  return async () => {
    await insertAlarmNotices(db, new Date());
    const notices = await findWaitingNotices(db);
    if (notices.length === 0) return 0;
    const control = config.control
      ? await findServedRepository(db, `${config.control.owner}/${config.control.repo}`)
      : null;
    let sent = 0;
    for (const notice of notices) {
      const line = {
        stage: 'notice',
        notice: notice.id,
        kind: notice.kind,
        reason: notice.content.reasonCode,
      };
      if (!control) {
        const why = config.control
          ? 'the App does not serve CONTROL_REPOSITORY'
          : 'CONTROL_REPOSITORY is not set';
        log.warn({ ...line, headline: notice.content.headline }, `A notice could not be sent: ${why}.`);
        // Nobody would read it later either: the log and the history hold it.
        await markNoticeSent(db, notice.id, { at: new Date(), url: null });
        continue;
      }
      try {
        const [owner = '', repo = ''] = control.fullName.split('/');
        const octokit = await app.installation(control.installationId);
        const url = await send(octokit, db, notice, { owner, repo, repositoryId: control.id });
        await markNoticeSent(db, notice.id, { at: new Date(), url });
        log.info({ ...line, url }, 'People were told.');
        sent += 1;
      } catch (err) {
        await markNoticeFailed(
          db,
          notice.id,
          neutralizeLog(err instanceof Error ? err.message : String(err)),
        );
        log.warn({ ...line, err }, 'A notice could not be sent; it is tried again.');
        // The order of what happened is kept.
        return sent;
      }
    }
    return sent;
  };
}

async function send(octokit: Octokit, db: Database, notice: Notice, place: Place): Promise<string> {
  const issues = [await findSteeringIssue(db, place), await findOpenedIssue(db, place)];
  const body = await bodyOf(db, notice);
  for (const issue of new Set(issues.filter((number) => number !== null))) {
    const url = await comment(octokit, place, issue, { body, notice });
    if (url !== null) return url;
  }
  const issue = await openIssue(octokit, db, place);
  const url = await comment(octokit, place, issue, { body, notice });
  if (url === null) throw new Error(`Issue ${issue} of ${place.owner}/${place.repo} takes no comments.`);
  return url;
}

/** The address of the comment; null: this issue takes none (it is locked, or was deleted or transferred). */
async function comment(
  octokit: Octokit,
  { owner, repo }: Place,
  issue: number,
  { body, notice }: { body: string; notice: Notice },
): Promise<string | null> {
  const place = { owner, repo, issue_number: issue };
  try {
    // One that failed may have been written all the same.
    if (notice.attempts > 0) {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...place,
        since: new Date(Date.now() - 86_400_000).toISOString(),
        per_page: 100,
        request: askOnce(),
      });
      const written = data.find(({ body: text }) => text?.includes(markerOf(notice)));
      if (written) return written.html_url;
    }
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...place,
      body,
      request: askOnce(),
    });
    return data.html_url;
  } catch (error) {
    const status = statusOf(error);
    if (status === 403 || status === 404 || status === 410) return null;
    throw error;
  }
}

async function bodyOf(db: Database, notice: Notice): Promise<string> {
  const person = await findLastPerson(db);
  const answer: Answer = { ...notice.content, table: [...notice.content.table, ...verification(notice)] };
  return [
    renderMarkdown(answer),
    ...(person !== null && /^[A-Za-z0-9][\w-]{0,100}$/.test(person) ? [`cc @${person}`] : []),
    markerOf(notice),
  ].join('\n\n');
}

function verification({ kind, verified }: Notice): Answer['table'] {
  if (kind !== 'rollback' || verified === null) return [];
  const { checked, stillIn, isSuperseded } = verified;
  if (isSuperseded) return [['Verified', 'no: the rollout was changed again before it could be']];
  return [['Verified', `${checked - stillIn.length} of ${checked} repositories that were looked at are out`]];
}

function markerOf(notice: Notice): string {
  return replyMarker(`notice-${notice.id}`);
}

/** Where a person has steered the rollout last. */
async function findSteeringIssue(db: Database, { repositoryId }: Place): Promise<number | null> {
  const row = await db
    .selectFrom('commands')
    .select('issue_number')
    .where('repository_id', '=', repositoryId)
    .where('outcome', '=', 'done')
    .where(sql<boolean>`verb LIKE 'rollout %'`)
    .where('issue_number', 'is not', null)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  return row?.issue_number ?? null;
}

async function findOpenedIssue(db: Database, { repositoryId }: Place): Promise<number | null> {
  const row = await db
    .selectFrom('rollout_status_issues')
    .select('issue_number')
    .where('feature_name', '=', FEATURE_NAME)
    .where('repository_id', '=', repositoryId)
    .executeTakeFirst();
  return row?.issue_number ?? null;
}

async function openIssue(octokit: Octokit, db: Database, place: Place): Promise<number> {
  const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues', {
    owner: place.owner,
    repo: place.repo,
    title: `Rollout: ${FEATURE_NAME}`,
    body: 'What the rollout does by itself and what raises an alarm is told here, and the rollout can be steered from here: `/rollout status`, `/rollout help`. The state is in the database, not in this issue.',
    request: askOnce(),
  });
  const issue = { repository_id: place.repositoryId, issue_number: data.number };
  await db
    .insertInto('rollout_status_issues')
    .values({ feature_name: FEATURE_NAME, ...issue })
    .onConflict((conflict) => conflict.column('feature_name').doUpdateSet(issue))
    .execute();
  return data.number;
}
