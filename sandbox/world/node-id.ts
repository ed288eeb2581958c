import type { Commit, Entity } from './model.ts';

/** Prefixes that GitHub's own node ids have. */
const PREFIX: Record<string, string> = {
  User: 'U',
  Bot: 'BOT',
  Organization: 'O',
  Mannequin: 'M',
  Repository: 'R',
  PullRequest: 'PR',
  Issue: 'I',
  IssueComment: 'IC',
  PullRequestReview: 'PRR',
  PullRequestReviewComment: 'PRRC',
  PullRequestReviewThread: 'PRRT',
  PullRequestCommit: 'PURC',
  Label: 'LA',
  Milestone: 'MI',
  Commit: 'C',
  Ref: 'REF',
  LabeledEvent: 'LE',
  UnlabeledEvent: 'UNLE',
  AssignedEvent: 'AE',
  ClosedEvent: 'CE',
  ReopenedEvent: 'REE',
  MergedEvent: 'ME',
  RenamedTitleEvent: 'RTE',
  ConvertToDraftEvent: 'CTDE',
  ReadyForReviewEvent: 'RFRE',
};
const KIND = new Map(Object.entries(PREFIX).map(([kind, prefix]) => [prefix, kind]));

/** An opaque id such as `PR_kwTjE3Nw`: the kind, and what `parseNodeId` needs to find the object again. */
export function makeNodeId(kind: string, key: string | number): string {
  const prefix = PREFIX[kind];
  if (!prefix) throw new Error(`sandbox: no node id prefix for ${kind}`);
  return `${prefix}_kw${Buffer.from(String(key)).toString('base64url')}`;
}

/** The kind and key of a node id, or null for a string that is none. */
export function parseNodeId(id: string): { kind: string; key: string } | null {
  const match = /^([A-Z]+)_kw([\w-]+)$/.exec(id);
  const kind = match?.[1] && KIND.get(match[1]);
  if (!kind || !match?.[2]) return null;
  const key = Buffer.from(match[2], 'base64url').toString();
  return makeNodeId(kind, key) === id ? { kind, key } : null;
}

export const commitKey = (commit: Commit): string => `${commit.repository.id}:${commit.oid}`;

export function nodeIdOf(entity: Exclude<Entity, Commit> | Commit): string {
  return entity.kind === 'Commit'
    ? makeNodeId('Commit', commitKey(entity))
    : makeNodeId(entity.kind, entity.id);
}
