import { canSee } from '../../access/grant.ts';
import { isoSeconds } from '../../clock.ts';
import { type Actor, fullName, type Issue, type PullRequest, type Repository } from '../../world/model.ts';
import { makeNodeId, nodeIdOf } from '../../world/node-id.ts';
import { connect, connectInOrder, type PageArguments } from '../connection.ts';
import { notFound, notModelled } from '../errors.ts';
import { KEY_OF, type Order, sortedList } from '../lists.ts';
import { plain, type QueryContext, type Resolvers, requireRead, visible } from '../resolver.ts';

interface ListArguments extends PageArguments {
  states?: string[] | null;
  orderBy?: Order | null;
  labels?: string[] | null;
  baseRefName?: string | null;
  headRefName?: string | null;
  filterBy?: { since?: string | null; states?: string[] | null; [other: string]: unknown } | null;
}

const BY_CREATION: Order = { field: 'CREATED_AT', direction: 'ASC' };

function listItems(
  source: Repository,
  kind: 'pulls' | 'issues',
  args: ListArguments,
  context: QueryContext,
): unknown {
  const order = args.orderBy ?? BY_CREATION;
  for (const name of Object.keys(args.filterBy ?? {})) {
    if (name !== 'since' && name !== 'states') throw notModelled(`issues(filterBy: {${name}})`);
  }
  const states = args.states ?? args.filterBy?.states ?? null;
  let items: readonly (PullRequest | Issue)[] =
    kind === 'pulls'
      ? sortedList(source, 'pulls', order, states)
      : sortedList(source, 'issues', order, states);
  const since = args.filterBy?.since;
  if (since != null) items = items.filter(({ updatedAt }) => Date.parse(updatedAt) >= Date.parse(since));
  const { labels, baseRefName, headRefName } = args;
  if (labels) items = items.filter((item) => item.labels.some(({ name }) => labels.includes(name)));
  if (baseRefName != null) items = items.filter((item) => 'baseRef' in item && item.baseRef === baseRefName);
  if (headRefName != null) items = items.filter((item) => 'headRef' in item && item.headRef === headRefName);
  return connect(items, args, context.meter, KEY_OF[order.field], order.direction === 'DESC');
}

/** Everybody who wrote something in the repository. */
export function participantsOf(source: Repository): Actor[] {
  const people = new Map<number, Actor>();
  const see = (actor: Actor | null) => {
    if (actor?.kind === 'User') people.set(actor.id, actor);
  };
  for (const item of [...source.pulls.values(), ...source.issues.values()]) {
    see(item.author);
    for (const comment of item.comments) see(comment.author);
  }
  return [...people.values()].sort((a, b) => a.id - b.id);
}

const repository: Resolvers<Repository> = {
  ...plain<Repository>()(
    'name',
    'owner',
    'isPrivate',
    'isArchived',
    'isFork',
    'createdAt',
    'updatedAt',
    'pushedAt',
  ),
  id: nodeIdOf,
  databaseId: ({ id }) => id,
  nameWithOwner: fullName,
  url: (source, _args, { webUrl }) => `${webUrl}/${fullName(source)}`,
  resourcePath: (source) => `/${fullName(source)}`,
  isEmpty: ({ branchCommits }) => branchCommits.length === 0,
  isDisabled: () => false,
  isLocked: () => false,
  isMirror: () => false,
  isTemplate: () => false,
  isInOrganization: ({ owner }) => owner.kind === 'Organization',
  visibility: ({ isPrivate }) => (isPrivate ? 'PRIVATE' : 'PUBLIC'),
  description: () => null,
  hasIssuesEnabled: () => true,
  stargazerCount: ({ stars }) => stars,
  stargazers: ({ stars }, args: PageArguments, { meter }) => {
    if (args.first != null || args.last != null) throw notModelled('Repository.stargazers.nodes');
    return { ...connectInOrder([], args, meter), totalCount: stars };
  },
  forkCount: () => 0,
  mentionableUsers: (source, args: PageArguments, { meter }) =>
    connect(participantsOf(source), args, meter, ({ id }) => String(id).padStart(12, '0')),
  assignableUsers: (source, args: PageArguments, { meter }) =>
    connect(participantsOf(source), args, meter, ({ id }) => String(id).padStart(12, '0')),
  collaborators: (source, args: PageArguments, { meter, world }) => {
    const people = [...source.collaborators.keys()].flatMap((id) => world.find('User', id) ?? []);
    return connectInOrder(people, args, meter);
  },
  labels: (source, args: PageArguments & { orderBy?: { field: string; direction: string } }, { meter }) => {
    const labels = [...source.labels.values()];
    if (args.orderBy?.field === 'NAME') labels.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (args.orderBy?.direction === 'DESC') labels.reverse();
    return connectInOrder(labels, args, meter);
  },
  label: ({ labels }, { name }: { name: string }) => labels.get(name) ?? null,
  milestones: (source, args: PageArguments, { meter }) =>
    connectInOrder([...source.milestones.values()], args, meter),
  defaultBranchRef: (source) => (source.branchCommits.length > 0 ? source : null),
  pullRequests: (source, args: ListArguments, context) => {
    requireRead(context, 'pull_requests');
    return listItems(source, 'pulls', args, context);
  },
  issues: (source, args: ListArguments, context) => {
    requireRead(context, 'issues');
    return listItems(source, 'issues', args, context);
  },
  pullRequest: (source, { number }: { number: number }, context) => {
    requireRead(context, 'pull_requests');
    const found = source.pulls.get(number);
    if (!found) throw notFound(`a PullRequest with the number of ${number}`);
    context.meter.nodes(1);
    return found;
  },
  issue: (source, { number }: { number: number }, context) => {
    requireRead(context, 'issues');
    const found = source.issues.get(number);
    if (!found) throw notFound(`an Issue with the number of ${number}`);
    context.meter.nodes(1);
    return found;
  },
  issueOrPullRequest: (source, { number }: { number: number }, context) => {
    requireRead(context, 'issues', 'pull_requests');
    const found = source.pulls.get(number) ?? source.issues.get(number);
    if (!found) throw notFound(`an issue or pull request with the number of ${number}`);
    context.meter.nodes(1);
    return found;
  },
};

/** The default branch; the object is its repository. */
const ref: Resolvers<Repository> = {
  id: (source) => makeNodeId('Ref', `${source.id}:${source.defaultBranch}`),
  name: ({ defaultBranch }) => defaultBranch,
  prefix: () => 'refs/heads/',
  target: ({ branchCommits }) => branchCommits.at(-1) ?? null,
  repository: (source) => source,
};

function repositoryOfNode(entity: object): Repository | null {
  if ('repository' in entity) return entity.repository as Repository;
  if ('kind' in entity && entity.kind === 'Repository') return entity as Repository;
  if ('subject' in entity) return repositoryOfNode(entity.subject as object);
  if ('pull' in entity) return repositoryOfNode(entity.pull as object);
  if ('thread' in entity) return repositoryOfNode(entity.thread as object);
  return null;
}

function nodeById(id: string, { world, grant, meter }: QueryContext): unknown {
  const entity = world.findNode(id);
  const owner = entity && repositoryOfNode(entity);
  if (!entity || (owner && !canSee(grant, owner))) {
    throw notFound(`a node with the global id of '${id}'`);
  }
  meter.nodes(1);
  return entity;
}

const query: Resolvers<unknown> = {
  viewer: (_source, _args, { grant }) => grant.actor,
  repository: (_source, { owner, name }: { owner: string; name: string }, context) => {
    const found = visible(context, context.world.repository(owner, name));
    if (!found) throw notFound(`a Repository with the name '${owner}/${name}'`);
    return found;
  },
  node: (_source, { id }: { id: string }, context) => nodeById(id, context),
  // Each id is resolved on its own: one that is unknown makes a null and an error beside the others.
  nodes: (_source, { ids }: { ids: string[] }, context) =>
    ids.map((id) => {
      try {
        return nodeById(id, context);
      } catch (error) {
        return error;
      }
    }),
  rateLimit: (_source, _args, { rate, points, declaredNodes }) => ({
    ...rate,
    cost: points,
    nodeCount: declaredNodes,
    resetAt: isoSeconds(rate.resetAt),
  }),
};

type Rate = {
  cost: number;
  nodeCount: number;
  limit: number;
  remaining: number;
  used: number;
  resetAt: string;
};
const rateLimit: Resolvers<Rate> = plain<Rate>()(
  'cost',
  'nodeCount',
  'limit',
  'remaining',
  'used',
  'resetAt',
);

export const REPOSITORY_TYPES = { Repository: repository, Ref: ref, Query: query, RateLimit: rateLimit };
