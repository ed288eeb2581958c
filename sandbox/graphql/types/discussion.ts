import type { Actor, IssueComment, Label, Milestone } from '../../world/model.ts';
import {
  fullName,
  type Issue,
  type PullRequest,
  type Review,
  type ReviewComment,
} from '../../world/model.ts';
import { nodeIdOf } from '../../world/node-id.ts';
import { connect, connectInOrder, type PageArguments, timeKey } from '../connection.ts';
import { plain, type QueryContext, type Resolvers, requireRead } from '../resolver.ts';

type Authored = PullRequest | Issue | IssueComment | Review | ReviewComment;

/**
 * Ids beyond 31 bits: `databaseId` can't carry them (graphql-js refuses), `fullDatabaseId` (a string on
 * the wire) does.
 */
export const AUTHORED: Resolvers<Authored> = {
  ...plain<Authored>()('author', 'authorAssociation', 'body', 'createdAt', 'updatedAt', 'lastEditedAt'),
  id: nodeIdOf,
  databaseId: (source) => source.id,
  fullDatabaseId: (source) => String(source.id),
  bodyText: (source) => source.body,
  includesCreatedEdit: (source) => source.lastEditedAt !== null,
  createdViaEmail: () => false,
  publishedAt: (source) => source.createdAt,
};

const ACTIVE: Resolvers<PullRequest | Issue> = {
  ...AUTHORED,
  ...plain<PullRequest | Issue>()('number', 'title', 'state', 'closedAt', 'milestone', 'repository'),
  closed: (source) => source.state !== 'OPEN',
  locked: (source) => source.isLocked,
  activeLockReason: () => null,
  resourcePath: (source) => pathOf(source),
  url: (source, _args, { webUrl }) => webUrl + pathOf(source),
  labels: (source, args: PageArguments, { meter }) =>
    connect([...source.labels].sort(byName), args, meter, ({ name }) => name),
  assignees: (source, args: PageArguments, { meter }) => connectInOrder(source.assignees, args, meter),
  comments: (source, args: PageArguments, context) => {
    requireRead(context, 'issues', 'pull_requests');
    return connect(source.comments, args, context.meter, commentKey);
  },
};
export const DISCUSSION = ACTIVE;

const byName = (a: Label, b: Label) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
export const commentKey = ({ createdAt, id }: { createdAt: string; id: number }): string =>
  timeKey(createdAt, id);

export const pathOf = ({ kind, number, repository }: PullRequest | Issue): string =>
  `/${fullName(repository)}/${kind === 'Issue' ? 'issues' : 'pull'}/${number}`;

const urlFields = <T extends Authored>(pathOfComment: (source: T) => string): Resolvers<T> => ({
  resourcePath: (source) => pathOfComment(source),
  url: (source, _args, { webUrl }: QueryContext) => webUrl + pathOfComment(source),
});

const issueComment: Resolvers<IssueComment> = {
  ...AUTHORED,
  ...plain<IssueComment>()('isMinimized'),
  ...urlFields<IssueComment>(({ subject, id }) => `${pathOf(subject)}#issuecomment-${id}`),
  minimizedReason: (source) => (source.isMinimized ? 'outdated' : null),
  repository: ({ subject }) => subject.repository,
  pullRequest: ({ subject }) => (subject.kind === 'PullRequest' ? subject : null),
  issue: ({ subject }) => subject,
};

const issue: Resolvers<Issue> = { ...DISCUSSION, ...plain<Issue>()('stateReason') };

const label: Resolvers<Label> = {
  ...plain<Label>()('name', 'color', 'description', 'isDefault', 'repository'),
  id: nodeIdOf,
  url: ({ repository, name }, _args, { webUrl }) =>
    `${webUrl}/${fullName(repository)}/labels/${encodeURIComponent(name)}`,
};

const milestone: Resolvers<Milestone> = {
  ...plain<Milestone>()('number', 'title', 'state', 'createdAt', 'updatedAt'),
  id: nodeIdOf,
  closed: ({ state }) => state === 'CLOSED',
};

export const DISCUSSION_TYPES = {
  Issue: issue,
  IssueComment: issueComment,
  Label: label,
  Milestone: milestone,
};

export const userOrNull = (actor: Actor | null): Actor | null => (actor?.kind === 'User' ? actor : null);
