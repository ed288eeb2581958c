import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { onePointOf, THREAD_COMMENTS } from '../../src/capture/connections.ts';
import { type DetailLevel, ITEM_KINDS } from '../../src/capture/item-kinds.ts';
import { continuations, threadStart } from '../../src/capture/queries/continuations.ts';
import {
  changedPage,
  itemPage,
  itemsByNumber,
  totalsByNumber,
  totalsPage,
} from '../../src/capture/queries/items.ts';
import { HISTORY, LABELS, REPOSITORY, REPOSITORY_WITH_PEOPLE } from '../../src/capture/queries/repository.ts';
import { githubSchema } from './fake-github.ts';

const documents: Record<string, string> = { HISTORY, LABELS, REPOSITORY, REPOSITORY_WITH_PEOPLE };
for (const kind of Object.values(ITEM_KINDS)) {
  for (const level of ['full', 'scalars', 'minimum'] satisfies DetailLevel[]) {
    documents[`${kind.name} page, ${level}`] = itemPage(kind, level);
    documents[`one ${kind.name}, ${level}`] = itemsByNumber(kind, level, 1);
    documents[`${kind.pageSize} of ${kind.name}, ${level}`] = itemsByNumber(kind, level, kind.pageSize);
  }
  documents[`${kind.name} changed`] = changedPage(kind);
  documents[`${kind.name} totals`] = totalsPage(kind);
  documents[`${kind.name} totals by number`] = totalsByNumber(kind, 3);
  const parts = kind.connections.map((spec) => ({ parentType: kind.type, spec, isThreadStart: false }));
  for (const part of parts) documents[`more ${part.spec.field} of ${kind.name}`] = continuations([part]);
  const threads = [threadStart(), { ...threadStart(), isThreadStart: false, spec: THREAD_COMMENTS }];
  documents[`everything of ${kind.name} at once`] = continuations([
    ...parts,
    ...parts,
    ...threads,
    ...threads,
  ]);
}

describe('every document is valid against GitHub’s published schema', () => {
  test.each(Object.entries(documents))('%s', (_, document) => {
    expect(validate(githubSchema, parse(document)).map(({ message }) => message)).toEqual([]);
  });
});

test('a page costs one point: 21 pull requests with seven connections, 49 issues with three', () => {
  expect(ITEM_KINDS.pull_request.pageSize).toBe(21);
  expect(ITEM_KINDS.issue.pageSize).toBe(49);
  expect(onePointOf(1)).toBe(100);
});

test('nothing asks for commit e-mails', () => {
  for (const document of Object.values(documents)) expect(document).not.toMatch(/\bemail\b/);
});
