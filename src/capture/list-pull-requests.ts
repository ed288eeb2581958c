import { z } from 'zod';
import { GitHubError } from '../github/errors.ts';
import { isLeftToOthers } from './checkpoint.ts';
import { RestPullRequest, type RestUser } from './rest/nodes.ts';
import { readList } from './rest/read-list.ts';
import type { Session } from './session.ts';

/** What REST's list tells of a pull request that GraphQL would charge two connections for. */
export interface ListedPullRequest {
  number: number;
  labels: string[];
  assignees: RestUser[];
  /** GitHub's time of the page. */
  listedAt: string;
}

/** By creation: new ones come at the end, and none ever goes away, so a page stays where it is. */
const PAGE = '/pulls?state=all&sort=created&direction=asc&per_page=100';

/**
 * Reads the next page of the repository's list of pull requests: their numbers join the walk's. 100 a request, of the REST
 * API's own budget.
 * @param leave is told of those that are left to others
 */
export async function listPullRequests(
  session: Session,
  listed: Map<number, ListedPullRequest>,
  leave: (number: number) => void,
): Promise<void> {
  const { state, options } = session;
  const { walk } = state;
  const { owner, name } = options.repository;
  const path = walk.cursor ?? `/repos/${owner}/${name}${PAGE}`;
  const answer = await readList(session, path, z.array(RestPullRequest));
  const pulls = answer.items;
  const other = pulls.find(({ base }) => base?.repo && base.repo.id !== session.repositoryId);
  if (other !== undefined) {
    throw new GitHubError(
      'repository_changed',
      `${owner}/${name} is repository ${other.base?.repo?.id} now, not ${session.repositoryId} as before; give the new name of the one that is meant`,
    );
  }
  const listedAt = answer.receivedAt.toISOString();
  for (const { number, updated_at: updatedAt, labels, assignees } of pulls) {
    if (isLeftToOthers(state, updatedAt)) {
      if (state.total !== null) state.total -= 1;
      state.isPartial = true;
      leave(number);
      continue;
    }
    walk.numbers.push(number);
    walk.highest = Math.max(walk.highest, number);
    // What a list leaves out is asked by itself.
    if (labels && assignees) {
      listed.set(number, { number, labels: labels.map((label) => label.name), assignees, listedAt });
    }
  }
  walk.startedAt ??= listedAt;
  walk.pages += 1;
  walk.listed += pulls.length;
  walk.cursor = answer.next ?? path;
  walk.isListed = answer.next === null;
  const total = session.totals.pull_request;
  if (walk.isListed && walk.listed < total) {
    session.warnings.add(`GitHub counts ${total} pull requests and lists ${walk.listed}`);
  }
}
