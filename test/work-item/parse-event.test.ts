import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../src/work-item/parse-event.ts';
import type { ParsedEvent } from '../../src/work-item/parsed-event.ts';
import {
  installationEvent,
  installationRepositoriesEvent,
  installed,
  issueCommentEvent,
  issuesEvent,
  labelEvent,
  PERSON,
  pullRequestEvent,
  pushEvent,
  REPOSITORY,
  repositoryEvent,
  reviewCommentEvent,
  reviewEvent,
  reviewThreadEvent,
  workflowRunEvent,
} from '../app/payloads.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const parse = (name: string, payload: unknown): ParsedEvent =>
  parseEvent({ name, payload, deliveryId: 'guid-1', now: NOW });

function expectWork(event: ParsedEvent) {
  if (event.kind !== 'work') throw new Error(`Not work: ${JSON.stringify(event)}`);
  return event;
}

const BASE = {
  repository: { id: 7001, fullName: 'acme/widgets', installationId: 42, isPrivate: false },
  reason: 'webhook',
  actor: { id: 501, login: 'octocat' },
  isCritical: false,
  deliveryId: 'guid-1',
};
const at = (time: string) => ({ since: new Date(time), until: new Date(time) });

describe('events that become work', () => {
  it.each([
    ['pull_request', pullRequestEvent('opened', 5, '2026-11-22T09:00:00Z'), 5, '2026-11-22T09:00:00Z'],
    ['pull_request', pullRequestEvent('of_next_year', 5, '2026-11-22T09:00:00Z'), 5, '2026-11-22T09:00:00Z'],
    ['pull_request_review', reviewEvent('submitted', 6, '2026-11-21T09:00:00Z'), 6, '2026-11-21T09:00:00Z'],
    // The time of submission says nothing about a dismissal.
    ['pull_request_review', reviewEvent('dismissed', 6, '2025-11-21T09:00:00Z'), 6, NOW.toISOString()],
    [
      'pull_request_review_comment',
      reviewCommentEvent('edited', 7, { id: 3, updated_at: '2026-11-23T11:00:00Z' }),
      7,
      '2026-11-23T11:00:00Z',
    ],
    ['pull_request_review_thread', reviewThreadEvent('resolved', 8), 8, NOW.toISOString()],
    [
      'pull_request_review_thread',
      reviewThreadEvent('unresolved', 8, '2026-11-23T11:59:00Z'),
      8,
      '2026-11-23T11:59:00Z',
    ],
    ['issue_comment', issueCommentEvent('created', 9, { isPullRequest: true }), 9, '2026-11-20T11:00:00Z'],
  ])('%s: the pull request, aged by the change', (name, payload, number, changedAt) => {
    expect(expectWork(parse(name, payload)).items).toEqual([
      { ...BASE, type: 'pull_requests', items: [number], range: at(changedAt), include: ['pull-requests'] },
    ]);
  });

  it('takes a change that seems to come from the future for one of now', () => {
    const { items } = expectWork(
      parse('pull_request', pullRequestEvent('edited', 5, '2026-11-23T12:00:07Z')),
    );
    expect(items[0]?.range).toEqual(at(NOW.toISOString()));
  });

  it.each([
    ['issues', issuesEvent('closed', 3, '2026-11-22T10:00:00Z'), '2026-11-22T10:00:00Z'],
    ['issue_comment', issueCommentEvent('edited', 3), '2026-11-20T11:00:00Z'],
  ])('%s: the issue', (name, payload, changedAt) => {
    expect(expectWork(parse(name, payload)).items).toEqual([
      { ...BASE, type: 'issues', items: [3], range: at(changedAt), include: ['issues'] },
    ]);
  });

  it('label: the labels of the repository', () => {
    const event = expectWork(parse('label', labelEvent('edited')));
    expect(event.items).toEqual([
      { ...BASE, type: 'labels', items: [], range: at(NOW.toISOString()), include: ['labels'] },
    ]);
    expect(event.tombstones).toEqual([]);
  });
});

describe('push', () => {
  it('is walked back to the oldest of its commits', () => {
    const commits = [
      { timestamp: '2026-11-23T11:58:00+01:00', added: ['a.ts'], modified: [], removed: [] },
      { timestamp: '2026-11-19T08:00:00Z', added: [], modified: ['b.ts'], removed: [] },
    ];
    const event = expectWork(parse('push', pushEvent({ commits })));
    expect(event.items).toEqual([
      {
        ...BASE,
        type: 'branch_commits',
        items: [],
        range: { since: new Date('2026-11-19T07:59:59Z') },
        include: ['commits'],
      },
    ]);
    expect(event.touchesSettings).toBe(false);
  });

  it.each([
    ['', { added: ['.github/hybrid-capture.yml'] }, true],
    ['', { removed: ['.github/hybrid-capture.yml'] }, true],
    ['', { modified: ['docs/.github/hybrid-capture.yml'] }, false],
  ])('%stouches the settings: %j → %s', (_, paths, expected) => {
    const commits = [{ timestamp: '2026-11-23T11:58:00Z', ...paths }];
    expect(expectWork(parse('push', pushEvent({ commits }))).touchesSettings).toBe(expected);
  });

  it.each([
    [2_047, { since: new Date('2026-11-23T10:59:59Z') }],
    [2_048, {}],
  ])('of %d commits, where GitHub cuts the list at 2,048', (length, range) => {
    const commits = Array.from({ length }, () => ({ timestamp: '2026-11-23T11:00:00Z' }));
    expect(expectWork(parse('push', pushEvent({ commits }))).items[0]?.range).toEqual(range);
  });

  it.each([
    ['other_branch', { ref: 'refs/heads/feature' }],
    ['other_branch', { ref: 'refs/tags/main' }],
    ['branch_deleted', { deleted: true }],
  ])('is ignored (%s): %j', (reason, fields) => {
    expect(parse('push', pushEvent(fields))).toMatchObject({ kind: 'ignored', reason });
  });
});

describe('deletions', () => {
  const gone = { deleted_at: NOW.toISOString(), captured_at: NOW.toISOString() };

  it('of a conversation comment: a tombstone, and the pull request again', () => {
    const event = expectWork(
      parse('issue_comment', issueCommentEvent('deleted', 9, { isPullRequest: true })),
    );
    expect(event.tombstones).toEqual([
      { table: 'comments', row: { comment_type: 'issue', id: 80_001, ...gone } },
    ]);
    expect(event.items).toMatchObject([{ type: 'pull_requests', items: [9], range: at(NOW.toISOString()) }]);
    expect(event.comment).toBeNull();
  });

  it('of a review comment', () => {
    const event = expectWork(
      parse('pull_request_review_comment', reviewCommentEvent('deleted', 7, { id: 3, body: 'secret' })),
    );
    expect(event.tombstones).toEqual([
      { table: 'comments', row: { comment_type: 'review', id: 3, ...gone } },
    ]);
    expect(event.items).toMatchObject([{ type: 'pull_requests', items: [7] }]);
  });

  it.each(['deleted', 'transferred'])(
    'of an issue (%s): a tombstone without its text, with all that hangs on it, and no job',
    (action) => {
      const event = expectWork(parse('issues', issuesEvent(action, 3, '2026-11-22T10:00:00Z')));
      expect(event.items).toEqual([]);
      expect(event.tombstones).toEqual([
        {
          table: 'issues',
          row: {
            id: 30_003,
            repository_id: 7001,
            number: 3,
            state: 'CLOSED',
            created_at: '2026-11-01T00:00:00.000Z',
            updated_at: '2026-11-22T10:00:00.000Z',
            ...gone,
          },
        },
        {
          table: 'snapshots',
          row: { issue_id: 30_003, started_at: gone.deleted_at, captured_at: gone.captured_at },
        },
      ]);
    },
  );

  it('of a label', () => {
    const event = expectWork(parse('label', labelEvent('deleted')));
    expect(event.items).toEqual([]);
    expect(event.tombstones).toEqual([
      { table: 'labels', row: { id: 'LA_1', repository_id: 7001, name: 'bug', ...gone } },
    ]);
  });
});

describe('comments', () => {
  it('that were just written are handed on for their commands', () => {
    const { comment } = expectWork(parse('issue_comment', issueCommentEvent('created', 9)));
    expect(comment).toEqual({
      id: 80_001,
      body: 'Thanks!',
      author: { id: 501, type: 'User' },
      sender: PERSON,
      isOnPullRequest: false,
      issueNumber: 9,
      viaApp: false,
      createdAt: new Date('2026-11-20T10:00:00Z'),
    });
  });

  it('that an App wrote are marked', () => {
    const comment = { performed_via_github_app: { id: 4711 } };
    expect(
      expectWork(parse('issue_comment', issueCommentEvent('created', 9, { comment }))).comment?.viaApp,
    ).toBe(true);
  });

  it.each(['edited', 'deleted', 'pinned'])('that were %s are not', (action) => {
    expect(expectWork(parse('issue_comment', issueCommentEvent(action, 9))).comment).toBeNull();
  });
});

describe('changes of repositories and installations', () => {
  it.each([
    ['renamed', 'renamed'],
    ['transferred', 'transferred'],
    ['deleted', 'deleted'],
    ['archived', 'updated'],
    ['privatized', 'updated'],
    ['edited', 'updated'],
  ])('repository.%s', (action, change) => {
    expect(parse('repository', repositoryEvent(action))).toMatchObject({ kind: 'repository_change', change });
  });

  it('repository.created becomes nothing', () => {
    expect(parse('repository', repositoryEvent('created'))).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    ['created', 'installed'],
    ['deleted', 'uninstalled'],
    ['suspend', 'suspended'],
    ['unsuspend', 'unsuspended'],
  ])('installation.%s', (action, change) => {
    expect(parse('installation', installationEvent(action))).toMatchObject({
      kind: 'installation_change',
      change,
      added: [{ id: 7001, full_name: 'acme/widgets', private: false }],
      removedIds: [],
      origin: { installationId: 42, account: { id: 9001 } },
      actor: { id: 501, login: 'octocat' },
    });
  });

  it('installation.new_permissions_accepted becomes nothing', () => {
    expect(parse('installation', installationEvent('new_permissions_accepted'))).toMatchObject({
      kind: 'ignored',
    });
  });

  it('installation_repositories names what came and what went', () => {
    const payload = installationRepositoriesEvent('added', [installed(1, 'a/b')], [{ id: 2 }]);
    expect(parse('installation_repositories', payload)).toMatchObject({
      kind: 'installation_change',
      change: 'repositories',
      added: [{ id: 1, full_name: 'a/b' }],
      removedIds: [2],
    });
  });

  it('workflow_run.completed carries its conclusion', () => {
    expect(parse('workflow_run', workflowRunEvent('completed', { conclusion: 'timed_out' }))).toMatchObject({
      kind: 'workflow_run',
      run: {
        id: 5001,
        attempt: 1,
        title: 'Bulk capture',
        event: 'workflow_dispatch',
        conclusion: 'timed_out',
      },
    });
  });
});

describe('what is no work', () => {
  it('an event without a schema', () => {
    expect(parse('star', {})).toEqual({ kind: 'unknown_event', name: 'star' });
    expect(parse('constructor', {})).toEqual({ kind: 'unknown_event', name: 'constructor' });
  });

  it('a webhook that somebody made by hand in a repository', () => {
    const { installation: _, ...payload } = pullRequestEvent('opened', 5, '2026-11-22T09:00:00Z');
    expect(parse('pull_request', payload)).toMatchObject({ kind: 'ignored', reason: 'not_sent_by_the_app' });
  });

  it.each([
    ['pull_request', null, 'body'],
    ['pull_request', [], 'body'],
    ['pull_request', { ...pullRequestEvent('opened', 5, '2026-11-22T09:00:00Z'), action: 3 }, 'action'],
    ['pull_request', pullRequestEvent('opened', 0, '2026-11-22T09:00:00Z'), 'pull_request.number'],
    ['pull_request', pullRequestEvent('opened', 5, 'yesterday'), 'pull_request.updated_at'],
    ['issues', { ...issuesEvent('opened', 1, '2026-11-22T09:00:00Z'), repository: {} }, 'repository.id'],
    ['repository', repositoryEvent('renamed', { full_name: 'no slash' }), 'repository.full_name'],
    ['repository', repositoryEvent('renamed', { id: 2 ** 60 }), 'repository.id'],
  ])('a body that is not as documented: %s %#', (name, payload, where) => {
    const event = parse(name, payload);
    if (event.kind !== 'invalid') throw new Error(event.kind);
    expect(event.problem.split(':')[0]).toBe(where);
    expect(event.problem).not.toContain('yesterday');
  });

  it('reads nothing of a repository but what it needs', () => {
    const event = parse('repository', repositoryEvent('renamed', { description: 'words', topics: 7 }));
    if (event.kind !== 'repository_change') throw new Error(event.kind);
    expect(event.origin.repository).toEqual(REPOSITORY);
  });
});
