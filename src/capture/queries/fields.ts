/**
 * What is asked of each kind of object: everything that costs GitHub nothing to tell, nothing that it computes on demand
 * (`mergeable`, `statusCheckRollup` and the like). `databaseId` is 32 bits wide and deprecated, `fullDatabaseId` may be
 * null, so both are asked.
 */
export const RATE_LIMIT = 'rateLimit { cost remaining resetAt }';

export const ACTOR = `
fragment ActorFields on Actor {
  __typename login avatarUrl
  ... on User { id databaseId name }
  ... on Bot { id databaseId }
  ... on Organization { id databaseId name }
  ... on Mannequin { id databaseId }
  ... on EnterpriseUserAccount { id name user { databaseId } }
}`;

/** Where GitHub's schema says User, the same fields. */
export const USER = 'fragment UserFields on User { __typename id databaseId login name avatarUrl }';

export const PULL_REQUEST_SCALARS = `
  id databaseId fullDatabaseId number title body state isDraft locked
  author { ...ActorFields } authorAssociation
  createdAt updatedAt closedAt mergedAt mergedBy { ...ActorFields } mergeCommit { oid }
  baseRefName baseRefOid headRefName headRefOid headRepository { nameWithOwner }
  milestone { title } reviewDecision additions deletions changedFiles totalCommentsCount`;

/** When even the scalars of a pull request fail: what a row can't do without. */
export const PULL_REQUEST_MINIMUM = 'id databaseId fullDatabaseId number state createdAt updatedAt';

export const ISSUE_SCALARS = `
  id databaseId fullDatabaseId number title body state stateReason locked
  author { ...ActorFields } authorAssociation createdAt updatedAt closedAt milestone { title }`;
export const ISSUE_MINIMUM = PULL_REQUEST_MINIMUM;

export const COMMENT = `
  id databaseId fullDatabaseId author { ...ActorFields } authorAssociation body isMinimized createdAt updatedAt`;

export const REVIEW_COMMENT = `${COMMENT}
  pullRequestReview { databaseId fullDatabaseId } replyTo { databaseId fullDatabaseId }`;

export const REVIEW = `
  id databaseId fullDatabaseId author { ...ActorFields } authorAssociation state body commit { oid }
  submittedAt createdAt updatedAt`;

/** Only names of those who commit outside GitHub: their e-mail addresses are not asked for. */
export const COMMIT = `
  oid messageHeadline messageBody authoredDate committedDate
  author { name user { ...UserFields } } committer { name }`;

export const THREAD = `
  id path line originalLine startLine originalStartLine diffSide subjectType isResolved isOutdated
  resolvedBy { ...UserFields }`;

export const LABEL = 'id name color description isDefault';

/** The fragments that a document's text uses; GraphQL refuses a document with one that it doesn't use. */
export function withFragments(document: string): string {
  const fragments = [
    document.includes('...ActorFields') ? ACTOR : '',
    document.includes('...UserFields') ? USER : '',
  ];
  return document + fragments.join('\n');
}
