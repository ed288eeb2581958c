import { createHash } from 'node:crypto';
import { appEnvironment } from '../../sandbox/app-environment.ts';
import { startSandbox } from '../../sandbox/github.ts';
import {
  addInstallation,
  addIssue,
  addIssueComment,
  addPullRequest,
  addRepository,
} from '../../sandbox/world/build.ts';
import type { Actor, Issue, IssueComment, PullRequest, Repository, Role } from '../../sandbox/world/model.ts';
import { createInPglite } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

export interface Said {
  issue?: Issue | PullRequest;
  createdAt?: string;
  viaApp?: boolean;
  /** Who sends the webhook, where it is not the author. */
  sender?: Actor;
  /** Between the webhook and the moment when the app looks. */
  meanwhile?: (comment: IssueComment) => void;
  action?: string;
}

export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * The whole app beside a local GitHub with a control repository and a captured one, people of every level, and a way to
 * write comments that arrive as signed webhooks.
 */
export async function startCommandTown(env: Record<string, string> = {}) {
  const sandbox: Sandbox = await startSandbox({ owner: 'acme' });
  const { world } = sandbox;
  const home: Repository = addRepository(world, 'acme/control');
  const widgets: Repository = addRepository(world, 'acme/widgets');
  const installation = addInstallation(
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
  widgets.collaborators.set(world.actor('wendy', 'User').id, 'write');
  widgets.collaborators.set(world.actor('mary', 'User').id, 'maintain');
  const control = addIssue(world, home, { title: 'Rollout', createdAt: minutesAgo(60) });
  const bug = addIssue(world, widgets, { title: 'Bug', createdAt: minutesAgo(60) });
  const pull = addPullRequest(world, widgets, { title: 'Fix', createdAt: minutesAgo(50) });

  const app: TestApp = await startTestApp(await createInPglite(), {
    ...appEnvironment(sandbox),
    ALLOWED_ACCOUNTS: '',
    CONTROL_REPOSITORY: 'Acme/Control',
    LOOPS_TOKEN: 'loops',
    GITHUB_CLIENT_ID: sandbox.app.clientId,
    GITHUB_CLIENT_SECRET: sandbox.app.clientSecret,
    ...env,
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

  /** Writes a comment, and resolves when the app has dealt with it. */
  async function say(login: string, body: string, said: Said = {}) {
    const author = world.actor(login);
    const subject = said.issue ?? control;
    const comment = addIssueComment(world, subject, {
      author,
      body,
      createdAt: said.createdAt ?? minutesAgo(0),
      viaApp: said.viaApp ?? false,
    });
    const before = subject.comments.length;
    if (said.meanwhile) {
      const { webhookUrl } = sandbox.app;
      // The payload is made first; what happens meanwhile is only seen by whoever asks again.
      sandbox.app.webhookUrl = 'http://127.0.0.1:9/nobody';
      await announce(comment, said, author);
      said.meanwhile(comment);
      sandbox.app.webhookUrl = webhookUrl;
      await sandbox.redeliver(sandbox.deliveries.length);
    } else {
      await announce(comment, said, author);
    }
    await app.idle();
    const replies = subject.comments.slice(before).map((reply) => reply.body);
    return { comment, replies, reactions: reactionsOf(comment), rows: await rowsOf(comment) };
  }

  function announce(comment: IssueComment, said: Said, author: Actor) {
    return sandbox.announce('issue_comment', said.action ?? 'created', {
      sender: said.sender ?? author,
      comment,
    });
  }

  function reactionsOf(comment: IssueComment): string[] {
    return (comment.reactions ?? []).map(({ content }) => content);
  }

  function rowsOf(comment: IssueComment) {
    return app.db
      .selectFrom('commands')
      .selectAll()
      .where('comment_id', '=', comment.id)
      .orderBy('command_index')
      .execute();
  }

  /** A comment whose command the app has noted, and not carried out. */
  async function note(login: string, body: string): Promise<IssueComment> {
    const author = world.actor(login);
    const comment = addIssueComment(world, control, { author, body, createdAt: minutesAgo(1) });
    await app.db
      .insertInto('commands')
      .values({
        comment_id: comment.id,
        command_index: 0,
        repository_id: home.id,
        issue_number: control.number,
        actor_id: author.id,
        verb: body.split(' ', 2).join(' ').slice(1),
        body_sha256: createHash('sha256').update(body).digest('hex'),
      })
      .execute();
    return comment;
  }

  return {
    sandbox,
    world,
    app,
    home,
    widgets,
    control,
    bug,
    pull,
    say,
    note,
    reactionsOf,
    rowsOf,
    rollout: () => app.db.selectFrom('rollout_configuration').selectAll().executeTakeFirstOrThrow(),
    lastHistory: () =>
      app.db.selectFrom('rollout_history').selectAll().orderBy('seq', 'desc').executeTakeFirstOrThrow(),
    /** One pass of a loop, now. */
    loop: async (name: string) => {
      const response = await fetch(`${app.url}/api/loops/${name}`, {
        method: 'POST',
        headers: { authorization: 'Bearer loops' },
      });
      return (await response.json()) as { report?: Record<string, unknown> };
    },
    close: async () => {
      await app.close();
      await sandbox.close();
    },
  };
}

export type CommandTown = Awaited<ReturnType<typeof startCommandTown>>;
