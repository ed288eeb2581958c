import { COMMIT, LABEL, RATE_LIMIT, withFragments } from './fields.ts';
import type { ChangedPage } from './items.ts';
import type { CommitNode, Connection, LabelNode, RepositoryNode } from './nodes.ts';

export interface RepositoryData {
  repository: (RepositoryNode & Partial<Record<'pull_request' | 'issue', ChangedPage>>) | null;
}
export interface LabelsData {
  repository: { databaseId: number | null; labels: Connection<LabelNode> | null } | null;
}
export interface HistoryData {
  repository: {
    databaseId: number | null;
    /** Null in a repository without commits. */
    defaultBranchRef: { target: { history?: Connection<CommitNode> } | null } | null;
  } | null;
}

const CHANGES = 'totalCount pageInfo { hasNextPage endCursor } nodes { number updatedAt }';

const REPOSITORY_FIELDS = `
    id databaseId nameWithOwner isPrivate isArchived isFork isEmpty createdAt stargazerCount
    defaultBranchRef { name }
    pullRequests(first: 1) { totalCount }
    issues(first: 1) { totalCount }`;

/** The repository, and which of its pull requests and issues changed last: one point. */
export const REPOSITORY_WITH_CHANGES = `
query RepositoryWithChanges($owner: String!, $name: String!) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) { ${REPOSITORY_FIELDS}
    pull_request: pullRequests(first: 100, orderBy: { field: UPDATED_AT, direction: DESC }) { ${CHANGES} }
    issue: issues(first: 100, orderBy: { field: UPDATED_AT, direction: DESC }) { ${CHANGES} }
  }
}`;

export const REPOSITORY = `
query Repository($owner: String!, $name: String!) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) { ${REPOSITORY_FIELDS} }
}`;

/**
 * With the number of people who take part, as `mentionableUsers`: REST's list of contributors has no count but that of its
 * last page's link, which GitHub leaves out for large repositories, and needs the permission to read contents.
 */
export const REPOSITORY_WITH_PEOPLE = `
query RepositoryWithPeople($owner: String!, $name: String!) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) { ${REPOSITORY_FIELDS}
    mentionableUsers(first: 1) { totalCount }
  }
}`;

export const LABELS = `
query Labels($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    labels(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount pageInfo { hasNextPage endCursor } nodes { ${LABEL} }
    }
  }
}`;

/** Commits of the default branch, the latest first. The cursor names the commit that the walk began at. */
export const HISTORY = withFragments(`
query History($owner: String!, $name: String!, $first: Int!, $after: String, $since: GitTimestamp, $until: GitTimestamp) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    defaultBranchRef {
      target {
        ... on Commit {
          history(first: $first, after: $after, since: $since, until: $until) {
            totalCount pageInfo { hasNextPage endCursor } nodes { ${COMMIT} }
          }
        }
      }
    }
  }
}`);
