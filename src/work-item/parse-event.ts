import type { z } from 'zod';
import { REPOSITORY_FILE } from '../config/repository-file.ts';
import { type EventRule, findEventRule } from './event-table.ts';
import type {
  EventOrigin,
  IgnoredReason,
  InstallationChange,
  NewComment,
  ParsedEvent,
} from './parsed-event.ts';
import {
  type EventName,
  type InstalledRepository,
  isEventName,
  PAYLOADS,
  type Payload,
  type PayloadRepository,
} from './payloads.ts';
import { type Deleted, tombstonesOf } from './tombstones.ts';
import type { Actor, JobType, WorkItem } from './work-item.ts';

export interface ReceivedEvent {
  /** `X-GitHub-Event`. */
  name: string;
  /** The body, as JSON. */
  payload: unknown;
  /** `X-GitHub-Delivery`. */
  deliveryId: string;
  now: Date;
}

/**
 * What a webhook delivery asks for. Pure: the same delivery gives the same answer.
 * `invalid` names the first field that is not as GitHub documents it, never its value.
 */
export function parseEvent(received: ReceivedEvent): ParsedEvent {
  const { name } = received;
  if (!isEventName(name)) return { kind: 'unknown_event', name };
  const schema: z.ZodType = PAYLOADS[name];
  const checked = schema.safeParse(received.payload);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    return {
      kind: 'invalid',
      event: name,
      problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`,
    };
  }
  return PARSERS[name](checked.data as never, received);
}

type Parser<Name extends EventName> = (payload: Payload<Name>, received: ReceivedEvent) => ParsedEvent;

const PARSERS: { [Name in EventName]: Parser<Name> } = {
  pull_request: (payload, received) =>
    parseActivity('pull_request', payload, received, {
      pullRequest: payload.pull_request.number,
      changedAt: payload.pull_request.updated_at,
    }),
  pull_request_review: (payload, received) =>
    parseActivity('pull_request_review', payload, received, {
      pullRequest: payload.pull_request.number,
      // `submitted_at` stays what it was when a review is edited or dismissed later.
      changedAt:
        payload.review.updated_at ?? (payload.action === 'submitted' ? payload.review.submitted_at : null),
    }),
  pull_request_review_comment: (payload, received) =>
    parseActivity('pull_request_review_comment', payload, received, {
      pullRequest: payload.pull_request.number,
      changedAt: payload.action === 'deleted' ? null : payload.comment.updated_at,
      deletedComment: { comment_type: 'review', id: payload.comment.id },
    }),
  pull_request_review_thread: (payload, received) =>
    parseActivity('pull_request_review_thread', payload, received, {
      pullRequest: payload.pull_request.number,
      changedAt: payload.updated_at,
    }),
  issue_comment: (payload, received) =>
    parseActivity('issue_comment', payload, received, {
      ...(payload.issue.pull_request ? { pullRequest: payload.issue.number } : { issue: payload.issue }),
      changedAt: payload.action === 'deleted' ? null : payload.comment.updated_at,
      deletedComment: { comment_type: 'issue', id: payload.comment.id },
      ...(payload.action === 'created' ? { comment: readNewComment(payload, received.now) } : {}),
    }),
  issues: (payload, received) =>
    parseActivity('issues', payload, received, { issue: payload.issue, changedAt: payload.issue.updated_at }),
  label: (payload, received) => parseActivity('label', payload, received, { label: payload.label }),
  push: parsePush,
  repository: (payload) => {
    const origin = originOf('repository', payload.action, payload);
    if (findEventRule('repository', payload.action).outcome === 'nothing')
      return ignored(origin, 'nothing_to_do');
    const change =
      payload.action === 'deleted' || payload.action === 'renamed' || payload.action === 'transferred'
        ? payload.action
        : 'updated';
    return { kind: 'repository_change', origin, change };
  },
  workflow_run: (payload) => {
    const origin = originOf('workflow_run', payload.action, payload);
    if (findEventRule('workflow_run', payload.action).outcome === 'nothing')
      return ignored(origin, 'nothing_to_do');
    const { id, run_attempt: attempt, display_title: title, event, conclusion } = payload.workflow_run;
    return {
      kind: 'workflow_run',
      origin,
      run: { id, attempt, title, event, conclusion: conclusion ?? null },
    };
  },
  installation: (payload) => {
    const changes: Partial<Record<string, InstallationChange>> = {
      created: 'installed',
      deleted: 'uninstalled',
      suspend: 'suspended',
      unsuspend: 'unsuspended',
    };
    return parseInstallation('installation', payload, changes[payload.action], payload.repositories, []);
  },
  installation_repositories: (payload) =>
    parseInstallation(
      'installation_repositories',
      payload,
      'repositories',
      payload.repositories_added,
      payload.repositories_removed.map((repository) => repository.id),
    ),
};

interface RepositoryPayload {
  repository: PayloadRepository;
  installation?: { id: number } | undefined;
  sender?: { id: number; login: string; type: string } | undefined;
}

interface Activity extends Deleted {
  pullRequest?: number;
  changedAt?: Date | null | undefined;
  comment?: NewComment;
}

function parseActivity(
  event: EventName,
  payload: RepositoryPayload & { action: string },
  received: ReceivedEvent,
  activity: Activity,
): ParsedEvent {
  const anyOrigin = originOf(event, payload.action, payload);
  const { installationId } = anyOrigin;
  if (installationId === null) return ignored(anyOrigin, 'not_sent_by_the_app');
  const origin = { ...anyOrigin, installationId };
  const rule = findEventRule(event, payload.action);
  const make = (type: JobType, items: number[], include: WorkItem['include']): WorkItem[] => [
    workItem(origin, received, payload.sender, {
      type,
      items,
      include,
      range: momentOf(activity.changedAt, received.now),
    }),
  ];
  return {
    kind: 'work',
    origin,
    items: itemsOf(rule, activity, make),
    tombstones: tombstonesOf(rule, activity, origin.repository.id, received.now),
    comment: activity.comment ?? null,
    touchesSettings: false,
  };
}

function itemsOf(
  rule: EventRule,
  activity: Activity,
  make: (type: JobType, items: number[], include: WorkItem['include']) => WorkItem[],
): WorkItem[] {
  if (rule.outcome === 'delete_issue' || rule.outcome === 'delete_label') return [];
  if (activity.pullRequest) return make('pull_requests', [activity.pullRequest], ['pull-requests']);
  if (activity.issue) return make('issues', [activity.issue.number], ['issues']);
  return make('labels', [], ['labels']);
}

function parsePush(payload: Payload<'push'>, received: ReceivedEvent): ParsedEvent {
  const anyOrigin = originOf('push', null, payload);
  const { installationId } = anyOrigin;
  if (installationId === null) return ignored(anyOrigin, 'not_sent_by_the_app');
  const origin = { ...anyOrigin, installationId };
  if (payload.ref !== `refs/heads/${payload.repository.default_branch}`)
    return ignored(origin, 'other_branch');
  if (payload.deleted) return ignored(origin, 'branch_deleted');
  return {
    kind: 'work',
    origin,
    items: [
      workItem(origin, received, payload.sender, {
        type: 'branch_commits',
        items: [],
        include: ['commits'],
        range: rangeOfPush(payload, received.now),
      }),
    ],
    tombstones: [],
    comment: null,
    touchesSettings: payload.commits.some((commit) =>
      [commit.added, commit.modified, commit.removed].some((paths) => paths.includes(REPOSITORY_FILE)),
    ),
  };
}

/** GitHub's cap of the list of commits in a push; what is beyond it is not told. */
const MAX_PUSHED_COMMITS = 2_048;

/**
 * Where the walk from the new head back may end: at the oldest of the pushed commits. A second earlier, since
 * fractions are cut off. From the beginning where the list is cut.
 */
function rangeOfPush(payload: Payload<'push'>, now: Date): WorkItem['range'] {
  if (payload.commits.length >= MAX_PUSHED_COMMITS) return {};
  const times = [...payload.commits, payload.head_commit].flatMap(
    (commit) => commit?.timestamp?.getTime() ?? [],
  );
  return { since: new Date(Math.min(now.getTime(), ...times) - 1_000) };
}

/** The moment of a change, as a range. A clock that runs ahead of ours must not make it lie in the future. */
function momentOf(changedAt: Date | null | undefined, now: Date): WorkItem['range'] {
  const moment = new Date(Math.min((changedAt ?? now).getTime(), now.getTime()));
  return { since: moment, until: moment };
}

function parseInstallation(
  event: 'installation' | 'installation_repositories',
  payload: Payload<'installation'> | Payload<'installation_repositories'>,
  change: InstallationChange | undefined,
  added: InstalledRepository[],
  removedIds: number[],
): ParsedEvent {
  const origin = {
    event,
    action: payload.action,
    installationId: payload.installation.id,
    account: payload.installation.account,
    repository: null,
  };
  if (!change || findEventRule(event, payload.action).outcome === 'nothing')
    return ignored(origin, 'nothing_to_do');
  const actor = payload.sender ? actorOf(payload.sender) : null;
  return { kind: 'installation_change', origin, change, added, removedIds, actor };
}

function readNewComment(payload: Payload<'issue_comment'>, now: Date): NewComment {
  const { comment, issue, sender } = payload;
  return {
    id: comment.id,
    body: comment.body ?? '',
    author: comment.user ? { id: comment.user.id, type: comment.user.type } : null,
    sender: sender ? { ...actorOf(sender), type: sender.type } : null,
    isOnPullRequest: Boolean(issue.pull_request),
    issueNumber: issue.number,
    viaApp: Boolean(comment.performed_via_github_app),
    createdAt: comment.created_at ?? now,
  };
}

function originOf(event: EventName, action: string | null, payload: RepositoryPayload) {
  return {
    event,
    action,
    installationId: payload.installation?.id ?? null,
    account: payload.repository.owner,
    repository: payload.repository,
  };
}

function workItem(
  origin: { repository: PayloadRepository; installationId: number },
  received: ReceivedEvent,
  sender: RepositoryPayload['sender'],
  what: Pick<WorkItem, 'type' | 'items' | 'include' | 'range'>,
): WorkItem {
  const { repository, installationId } = origin;
  return {
    repository: {
      id: repository.id,
      fullName: repository.full_name,
      installationId,
      isPrivate: repository.private,
    },
    ...what,
    reason: 'webhook',
    ...(sender ? { actor: actorOf(sender) } : {}),
    isCritical: false,
    deliveryId: received.deliveryId,
  };
}

function actorOf(sender: { id: number; login: string }): Actor {
  return { id: sender.id, login: sender.login };
}

function ignored(origin: EventOrigin, reason: IgnoredReason): ParsedEvent {
  return { kind: 'ignored', origin, reason };
}
