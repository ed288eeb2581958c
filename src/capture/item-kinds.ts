import type { CaptureRow } from '../destination/destination.ts';
import {
  BULK_CONNECTIONS,
  type ConnectionSpec,
  ISSUE_CONNECTIONS,
  onePointOf,
  PULL_REQUEST_CONNECTIONS,
} from './connections.ts';
import {
  ISSUE_MINIMUM,
  ISSUE_SCALARS,
  PULL_REQUEST_MINIMUM,
  PULL_REQUEST_SCALARS,
} from './queries/fields.ts';
import type { IssueNode, ItemNode, PullRequestNode } from './queries/nodes.ts';
import { issueRows, pullRequestRows } from './rows/items.ts';

export type ItemKindName = 'pull_request' | 'issue';

/**
 * How much of an item is asked: all; or of a pull request, in bulk, what no repository-wide list has; or less, when GitHub
 * can't carry out the whole.
 */
export type DetailLevel = 'full' | 'bulk' | 'scalars' | 'minimum';

/** What the walkers need to know to capture pull requests or issues. */
export interface ItemKind {
  name: ItemKindName;
  /** Type in GitHub's schema, and the repository's fields that list them and that give one. */
  type: string;
  listField: string;
  oneField: string;
  scalars: string;
  minimum: string;
  connections: readonly ConnectionSpec[];
  bulkConnections: readonly ConnectionSpec[];
  /** Items of a page that costs one point. */
  pageSize: number;
  toRows: (
    node: ItemNode & Partial<PullRequestNode & IssueNode>,
    repositoryId: number,
    counts: Record<string, number>,
    capturedAt: string,
  ) => CaptureRow[];
}

export const ITEM_KINDS: Record<ItemKindName, ItemKind> = {
  pull_request: {
    name: 'pull_request',
    type: 'PullRequest',
    listField: 'pullRequests',
    oneField: 'pullRequest',
    scalars: PULL_REQUEST_SCALARS,
    minimum: PULL_REQUEST_MINIMUM,
    connections: PULL_REQUEST_CONNECTIONS,
    bulkConnections: BULK_CONNECTIONS,
    pageSize: onePointOf(PULL_REQUEST_CONNECTIONS.length),
    toRows: pullRequestRows,
  },
  issue: {
    name: 'issue',
    type: 'Issue',
    listField: 'issues',
    oneField: 'issue',
    scalars: ISSUE_SCALARS,
    minimum: ISSUE_MINIMUM,
    connections: ISSUE_CONNECTIONS,
    bulkConnections: ISSUE_CONNECTIONS,
    pageSize: onePointOf(ISSUE_CONNECTIONS.length),
    toRows: issueRows,
  },
};
