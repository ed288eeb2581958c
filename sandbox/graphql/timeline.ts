import type { Issue, PullRequest, TimelineEvent } from '../world/model.ts';
import { makeNodeId } from '../world/node-id.ts';
import { type Connection, connect, type PageArguments, timeKey } from './connection.ts';
import { notModelled } from './errors.ts';
import { plain, type QueryContext, type Resolvers } from './resolver.ts';
import { commitsOf } from './types/pull-request.ts';

export interface TimelineArguments extends PageArguments {
  itemTypes?: readonly string[] | null;
  since?: string | null;
  skip?: number | null;
}

/** Values of `itemTypes` that the world holds, and the type of object that each stands for. */
const ITEM_TYPES: Record<string, string> = {
  PULL_REQUEST_COMMIT: 'PullRequestCommit',
  PULL_REQUEST_REVIEW: 'PullRequestReview',
  PULL_REQUEST_REVIEW_THREAD: 'PullRequestReviewThread',
  ISSUE_COMMENT: 'IssueComment',
  LABELED_EVENT: 'LabeledEvent',
  UNLABELED_EVENT: 'UnlabeledEvent',
  ASSIGNED_EVENT: 'AssignedEvent',
  CLOSED_EVENT: 'ClosedEvent',
  REOPENED_EVENT: 'ReopenedEvent',
  MERGED_EVENT: 'MergedEvent',
  RENAMED_TITLE_EVENT: 'RenamedTitleEvent',
  CONVERT_TO_DRAFT_EVENT: 'ConvertToDraftEvent',
  READY_FOR_REVIEW_EVENT: 'ReadyForReviewEvent',
};

interface Entry {
  kind: string;
  at: string;
  key: string;
  item: object;
}

function entriesOf(subject: PullRequest | Issue, timelineCommits: number | null): Entry[] {
  const entries: Entry[] = [];
  const add = (kind: string, at: string, id: number, item: object) =>
    entries.push({ kind, at, key: `${timeKey(at, id)}:${kind}`, item });
  for (const comment of subject.comments) add(comment.kind, comment.createdAt, comment.id, comment);
  for (const event of subject.events) add(event.kind, event.createdAt, event.id, event);
  if (subject.kind === 'PullRequest') {
    const commits = commitsOf(subject);
    const hidden = timelineCommits === null ? 0 : Math.max(0, commits.length - timelineCommits);
    for (const [index, item] of commits.entries()) {
      if (index >= hidden) add(item.kind, item.commit.committedAt, index, item);
    }
    for (const review of subject.reviews) {
      if (review.state !== 'PENDING')
        add(review.kind, review.submittedAt ?? review.createdAt, review.id, review);
    }
    for (const thread of subject.threads) {
      add(thread.kind, thread.comments[0]?.createdAt ?? subject.createdAt, thread.id, thread);
    }
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export interface TimelineConnection extends Connection<object> {
  readonly updatedAt: string;
}

/** The timeline as one connection: comments, reviews, commits, threads and events by time. */
export function timelineOf(
  subject: PullRequest | Issue,
  { itemTypes, since, skip, ...page }: TimelineArguments,
  { meter, timelineCommits }: QueryContext,
): TimelineConnection {
  const kinds = itemTypes?.map((type) => {
    const kind = ITEM_TYPES[type];
    if (!kind) throw notModelled(`timelineItems of type ${type}`);
    return kind;
  });
  const earliest = since == null ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const wanted = entriesOf(subject, timelineCommits).filter(
    (entry) => (!kinds || kinds.includes(entry.kind)) && Date.parse(entry.at) >= earliest,
  );
  const keys = new Map(wanted.map((entry) => [entry.item, entry.key]));
  const items = wanted.slice(skip ?? 0).map(({ item }) => item);
  return {
    ...connect(items, page, meter, (item) => keys.get(item) ?? ''),
    totalCount: wanted.length,
    updatedAt: subject.updatedAt,
  };
}

const event: Resolvers<TimelineEvent> = {
  ...plain<TimelineEvent>()('actor', 'createdAt'),
  id: ({ kind, id }) => makeNodeId(kind, id),
};
const labelled: Resolvers<TimelineEvent> = {
  ...event,
  ...plain<TimelineEvent>()('label'),
  labelable: ({ subject }) => subject,
};
const ofPull: Resolvers<TimelineEvent> = { ...event, pullRequest: ({ subject }) => subject };

export const EVENT_TYPES = {
  LabeledEvent: labelled,
  UnlabeledEvent: labelled,
  AssignedEvent: {
    ...event,
    ...plain<TimelineEvent>()('assignee'),
    assignable: ({ subject }) => subject,
  } satisfies Resolvers<TimelineEvent>,
  ClosedEvent: { ...event, closable: ({ subject }) => subject } satisfies Resolvers<TimelineEvent>,
  ReopenedEvent: { ...event, closable: ({ subject }) => subject } satisfies Resolvers<TimelineEvent>,
  MergedEvent: ofPull,
  ConvertToDraftEvent: ofPull,
  ReadyForReviewEvent: ofPull,
  RenamedTitleEvent: {
    ...event,
    ...plain<TimelineEvent>()('previousTitle', 'currentTitle'),
    subject: ({ subject }) => subject,
  } satisfies Resolvers<TimelineEvent>,
};
