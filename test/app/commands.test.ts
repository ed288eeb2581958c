import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addIssue, addIssueComment, addRepository } from '../../sandbox/world/build.ts';
import type {
  Actor,
  Installation,
  Issue,
  IssueComment,
  Repository,
  Role,
} from '../../sandbox/world/model.ts';
import { createInPglite } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

type RunningSandbox = Awaited<ReturnType<typeof startSandbox>>;

let sandbox: RunningSandbox;
let app: TestApp;
let control: Issue;
let stranger: Issue;
let installation: Installation;
let widgets: Repository;

beforeAll(async () => {
  sandbox = await startSandbox({ owner: 'acme' });
  const { world } = sandbox;
  const home = addRepository(world, 'acme/control');
  widgets = addRepository(world, 'acme/widgets');
  installation = addInstallation(
    world,
    sandbox.app.owner,
    [home, widgets],
    sandbox.app.permissions,
    minutesAgo(60),
  );
  const members: [string, Role][] = [
    ['boss', 'admin'],
    ['keeper', 'maintain'],
    ['writer', 'write'],
    ['helper', 'triage'],
  ];
  for (const [login, role] of members) home.collaborators.set(world.actor(login, 'User').id, role);
  // Admin of a repository of their own, and nobody in the control repository.
  widgets.collaborators.set(world.actor('mallory', 'User').id, 'admin');
  control = addIssue(world, home, { title: 'Rollout', createdAt: minutesAgo(60) });
  stranger = addIssue(world, widgets, { title: 'Bug', createdAt: minutesAgo(60) });

  app = await startTestApp(await createInPglite(), {
    APP_ID: String(sandbox.app.id),
    PRIVATE_KEY: sandbox.app.privateKey,
    WEBHOOK_SECRET: sandbox.app.webhookSecret,
    GHE_HOST: new URL(sandbox.webUrl).host,
    ALLOWED_ACCOUNTS: '',
    CONTROL_REPOSITORY: 'Acme/Control',
  });
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  const repositories = [home, widgets].map(({ id, name }) => ({
    id,
    full_name: `acme/${name}`,
    private: false,
  }));
  await sandbox.announce('installation', 'created', {
    sender: world.actor('boss'),
    installation,
    extra: { repositories },
  });
});
afterAll(async () => {
  await app.close();
  await sandbox.close();
});
afterEach(async () => {
  await app.db.deleteFrom('commands').execute();
  await app.db
    .updateTable('rollout_configuration')
    .set({ target_repositories: [], emergency_stop: false })
    .execute();
});

function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

interface Said {
  issue?: Issue;
  createdAt?: string;
  viaApp?: boolean;
  /** Who sends the webhook, where it is not the author. */
  sender?: Actor;
  /** Between the webhook and the moment when the app looks. */
  meanwhile?: (comment: IssueComment) => void;
  action?: string;
}

/** Writes a comment, and resolves when the app has dealt with it. */
async function say(login: string, body: string, said: Said = {}) {
  const { world } = sandbox;
  const author = world.actor(login);
  const subject = said.issue ?? control;
  const comment = addIssueComment(world, subject, {
    author,
    body,
    createdAt: said.createdAt ?? minutesAgo(0),
    viaApp: said.viaApp ?? false,
  });
  const before = subject.comments.length;
  const payload = said.meanwhile ? sandbox.deliveries.length : null;
  if (payload !== null) {
    const { webhookUrl } = sandbox.app;
    // The payload is made first; what happens meanwhile is only seen by whoever asks again.
    await capturePayload(comment, said, author);
    said.meanwhile?.(comment);
    sandbox.app.webhookUrl = webhookUrl;
    await sandbox.redeliver(sandbox.deliveries.length);
  } else {
    await sandbox.announce('issue_comment', said.action ?? 'created', {
      sender: said.sender ?? author,
      comment,
    });
  }
  await app.idle();
  const replies = subject.comments.slice(before).map((reply) => reply.body);
  const rows = await app.db
    .selectFrom('commands')
    .selectAll()
    .where('comment_id', '=', comment.id)
    .orderBy('command_index')
    .execute();
  return { comment, replies, reactions: (comment.reactions ?? []).map(({ content }) => content), rows };
}

/** A comment whose command the app has noted, and not carried out. */
async function note(login: string, body: string): Promise<void> {
  const author = sandbox.world.actor(login);
  const comment = addIssueComment(sandbox.world, control, { author, body, createdAt: minutesAgo(1) });
  await app.db
    .insertInto('commands')
    .values({
      comment_id: comment.id,
      command_index: 0,
      repository_id: control.repository.id,
      actor_id: author.id,
      verb: body.split(' ', 2).join(' ').slice(1),
      body_sha256: createHash('sha256').update(body).digest('hex'),
    })
    .execute();
}

/** Makes a delivery whose payload shows the comment as it is now, to nobody. */
async function capturePayload(comment: IssueComment, said: Said, author: Actor): Promise<void> {
  sandbox.app.webhookUrl = 'http://127.0.0.1:9/nobody';
  await sandbox.announce('issue_comment', said.action ?? 'created', {
    sender: said.sender ?? author,
    comment,
  });
}

async function rollout() {
  return app.db.selectFrom('rollout_configuration').selectAll().executeTakeFirstOrThrow();
}

describe('a command in the control repository', () => {
  it('/rollout include: 👀, the list, the history with the person, one reply, 🚀', async () => {
    const version = (await rollout()).version;
    const body = '/rollout include acme/widgets its history waits';
    const { comment, replies, reactions, rows } = await say('keeper', body);
    expect(reactions).toEqual(['eyes', 'rocket']);
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain('`acme/widgets` is on the include list');
    expect(replies[0]).toContain('reason_code: `included`');
    expect(await rollout()).toMatchObject({ target_repositories: [widgets.id], version: version + 1 });
    const history = await app.db
      .selectFrom('rollout_history')
      .selectAll()
      .orderBy('seq', 'desc')
      .executeTakeFirstOrThrow();
    expect(history).toMatchObject({
      action: 'include',
      reason: 'its history waits',
      triggered_by: 'keeper',
      actor: { type: 'user', id: sandbox.world.actor('keeper').id, login: 'keeper' },
      source: {
        type: 'comment',
        repository: 'acme/control',
        issue: control.number,
        commentId: comment.id,
        commentSha256: createHash('sha256').update(body).digest('hex'),
      },
    });
    expect(rows).toMatchObject([
      {
        command_index: 0,
        verb: 'rollout include',
        outcome: 'done',
        reason_code: 'included',
        actor_id: sandbox.world.actor('keeper').id,
      },
    ]);
  });

  it('a replayed delivery, and another delivery of the same comment, carry nothing out again', async () => {
    const first = await say('keeper', '/rollout include acme/widgets');
    const version = (await rollout()).version;
    const replies = control.comments.length;
    await sandbox.redeliver(sandbox.deliveries.length);
    await sandbox.announce('issue_comment', 'created', {
      sender: sandbox.world.actor('keeper'),
      comment: first.comment,
    });
    await app.idle();
    expect((await rollout()).version).toBe(version);
    expect(control.comments.length).toBe(replies);
  });

  it('/rollout stop needs write and works at any age of the comment', async () => {
    const { reactions } = await say('writer', '/rollout stop errors everywhere', {
      createdAt: minutesAgo(120),
    });
    expect(reactions).toEqual(['eyes', 'rocket']);
    expect(await rollout()).toMatchObject({ emergency_stop: true });
  });

  it('/rollout status is answered to triage, as often as asked', async () => {
    const { replies, rows } = await say('helper', '/rollout status\n/rollout status\n/rollout help');
    expect(replies).toHaveLength(1);
    expect(rows.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
  });

  it('an unknown verb: 😕 and a hint', async () => {
    const { reactions, replies } = await say('boss', '/rollout statsu');
    expect(reactions).toEqual(['eyes', 'confused']);
    expect(replies[0]).toContain('Did you mean `status`?');
  });

  it('is carried out after a restart when the process died after the commit', async () => {
    await note('keeper', '/rollout include acme/widgets');
    // Any new command makes the app look around, as its start does.
    await say('helper', '/rollout status');
    expect(await rollout()).toMatchObject({ target_repositories: [widgets.id] });
  });

  it('a stop overtakes what waits', async () => {
    await note('keeper', '/rollout include acme/widgets');
    await note('keeper', '/rollout stop errors everywhere');
    await say('helper', '/rollout status');
    const history = await app.db
      .selectFrom('rollout_history')
      .select('action')
      .orderBy('seq', 'desc')
      .limit(2)
      .execute();
    expect(history.map(({ action }) => action)).toEqual(['include', 'emergency_stop']);
  });
});

describe('what is refused changes nothing', () => {
  const INCLUDE = '/rollout include acme/widgets';

  it.each([
    ['write is not enough for include', 'writer', INCLUDE, {}, 'permission_denied'],
    ['the admin of another repository', 'mallory', INCLUDE, {}, 'permission_denied'],
    ['a comment older than 15 minutes', 'keeper', INCLUDE, { createdAt: minutesAgo(16) }, 'comment_too_old'],
    ['an unknown repository', 'keeper', '/rollout include acme/nowhere', {}, 'repository_unknown'],
    ['invisible characters', 'keeper', '/rollout include acme/\u202ewidgets', {}, 'not_understood'],
    [
      'a comment that was changed in between',
      'keeper',
      INCLUDE,
      {
        meanwhile: (comment: IssueComment) => {
          comment.body = '/rollout include acme/control';
        },
      },
      'comment_changed',
    ],
  ])('%s', async (_, login, body, said: Said, code) => {
    const version = (await rollout()).version;
    const { rows, replies, reactions } = await say(login, body, said);
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: code }]);
    expect((await rollout()).version).toBe(version);
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain(`reason_code: \`${code}\``);
    expect(reactions.at(-1)).toMatch(/-1|confused/);
  });

  it('takes a comment of 14 minutes', async () => {
    const { rows } = await say('keeper', INCLUDE, { createdAt: minutesAgo(14) });
    expect(rows).toMatchObject([{ outcome: 'done' }]);
  });

  it('two changes in one comment: neither', async () => {
    const { rows } = await say('boss', `${INCLUDE}\n/rollout stop now`);
    expect(rows.map(({ reason_code }) => reason_code)).toEqual([
      'one_write_per_comment',
      'one_write_per_comment',
    ]);
    expect(await rollout()).toMatchObject({ target_repositories: [], emergency_stop: false });
  });

  it('a deleted comment: nothing, and no reply', async () => {
    const { rows, replies } = await say('keeper', INCLUDE, {
      meanwhile: (comment) => {
        sandbox.world.forget(comment);
        control.comments.splice(control.comments.indexOf(comment), 1);
      },
    });
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'comment_deleted' }]);
    expect(replies).toEqual([]);
  });

  it.each([
    ['an edited comment', { action: 'edited' }],
    ['a comment that an App wrote for a person', { viaApp: true }],
    ['a comment that somebody else sends', { sender: true }],
  ])('%s holds no commands', async (_, said) => {
    const sender = 'sender' in said ? { sender: sandbox.world.actor('boss') } : {};
    const { rows, replies } = await say('keeper', INCLUDE, { ...said, ...sender } as Said);
    expect(rows).toEqual([]);
    expect(replies).toEqual([]);
  });

  it.each([
    ['a quote', `> ${INCLUDE}`],
    ['a code block', `\`\`\`\n${INCLUDE}\n\`\`\``],
    ['inline code', `\`${INCLUDE}\``],
    ['a list', `- ${INCLUDE}`],
    ['an HTML comment', `<!--\n${INCLUDE}\n-->`],
    ['a longer word', '/rolloutinclude acme/widgets'],
  ])('%s is no command', async (_, body) => {
    const { rows, replies } = await say('keeper', body);
    expect(rows).toEqual([]);
    expect(replies).toEqual([]);
  });

  it('a bot', async () => {
    const { rows } = await say('helpful[bot]', INCLUDE);
    expect(rows).toEqual([]);
  });

  it('denials are answered once an hour, and shown each time', async () => {
    const first = await say('mallory', INCLUDE);
    const second = await say('mallory', INCLUDE);
    expect([first.replies.length, second.replies.length]).toEqual([1, 0]);
    expect(second.reactions).toEqual(['eyes', '-1']);
  });

  it('elsewhere one reply names the control repository, also to the admin of that place', async () => {
    const { rows, replies } = await say('mallory', '/rollout stop everything', { issue: stranger });
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'not_control_repository' }]);
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain('Acme/Control');
    expect(await rollout()).toMatchObject({ emergency_stop: false });
  });
});
