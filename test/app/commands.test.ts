import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IssueComment } from '../../sandbox/world/model.ts';
import { type CommandTown, minutesAgo, type Said, startCommandTown } from './command-town.ts';

let town: CommandTown;
let say: CommandTown['say'];

beforeAll(async () => {
  town = await startCommandTown();
  say = town.say;
});
afterAll(() => town.close());
afterEach(async () => {
  await town.app.db.deleteFrom('commands').execute();
  await town.app.db
    .updateTable('rollout_configuration')
    .set({ target_repositories: [], emergency_stop: false, rollout_percentage: 10, state: 'running' })
    .execute();
});

const rollout = () => town.rollout();

describe('a command in the control repository', () => {
  it('/rollout include: 👀, the list, the history with the person, one reply, 🚀', async () => {
    const version = (await rollout()).version;
    const body = '/rollout include acme/widgets its history waits';
    const { comment, replies, reactions, rows } = await say('keeper', body);
    expect(reactions).toEqual(['eyes', 'rocket']);
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain('`acme/widgets` is on the include list');
    expect(replies[0]).toContain('reason_code: `included`');
    expect(await rollout()).toMatchObject({ target_repositories: [town.widgets.id], version: version + 1 });
    const history = await town.app.db
      .selectFrom('rollout_history')
      .selectAll()
      .orderBy('seq', 'desc')
      .executeTakeFirstOrThrow();
    expect(history).toMatchObject({
      action: 'include',
      reason: 'its history waits',
      triggered_by: 'keeper',
      actor: { type: 'user', id: town.world.actor('keeper').id, login: 'keeper' },
      source: {
        type: 'comment',
        repository: 'acme/control',
        issue: town.control.number,
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
        actor_id: town.world.actor('keeper').id,
      },
    ]);
  });

  it('a replayed delivery, and another delivery of the same comment, carry nothing out again', async () => {
    const first = await say('keeper', '/rollout include acme/widgets');
    const version = (await rollout()).version;
    const replies = town.control.comments.length;
    await town.sandbox.redeliver(town.sandbox.deliveries.length);
    await town.sandbox.announce('issue_comment', 'created', {
      sender: town.world.actor('keeper'),
      comment: first.comment,
    });
    await town.app.idle();
    expect((await rollout()).version).toBe(version);
    expect(town.control.comments.length).toBe(replies);
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
    await town.note('keeper', '/rollout include acme/widgets');
    // Any new command makes the app look around, as its start does.
    await say('helper', '/rollout status');
    expect(await rollout()).toMatchObject({ target_repositories: [town.widgets.id] });
  });

  it('a stop overtakes what waits', async () => {
    await town.note('keeper', '/rollout include acme/widgets');
    await town.note('keeper', '/rollout stop errors everywhere');
    await say('helper', '/rollout status');
    const history = await town.app.db
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
        town.world.forget(comment);
        town.control.comments.splice(town.control.comments.indexOf(comment), 1);
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
    const sender = 'sender' in said ? { sender: town.world.actor('boss') } : {};
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
    const { rows, replies } = await say('mallory', '/rollout stop everything', { issue: town.bug });
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'not_control_repository' }]);
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain('Acme/Control');
    expect(await rollout()).toMatchObject({ emergency_stop: false });
  });
});

describe('set, hold, advance, resume from outside', () => {
  it('set: state, history with delivery, hash and level, one reply with the table first', async () => {
    const body = '/rollout set 25 the first week was fine';
    const { comment, replies, reactions, rows } = await say('keeper', body);
    expect(reactions).toEqual(['eyes', 'rocket']);
    expect(await rollout()).toMatchObject({ rollout_percentage: 25, phase: 1 });
    const delivery = town.sandbox.deliveries.at(-1)?.guid;
    expect(await town.lastHistory()).toMatchObject({
      action: 'set',
      reason_code: 'set_higher',
      previous_percentage: 10,
      new_percentage: 25,
      actor: { type: 'user', login: 'keeper', permission: 'maintain' },
      source: { type: 'comment', commentId: comment.id, issue: town.control.number },
    });
    expect(rows).toMatchObject([
      { outcome: 'done', reason_code: 'set_higher', answered_at: expect.any(Date) },
    ]);
    expect(town.sandbox.deliveries.map(({ guid }) => guid)).toContain(rows[0]?.delivery_id);
    expect(delivery).toBeDefined();
    const [reply = ''] = replies;
    const lines = reply.split('\n');
    expect(lines[0]).toMatch(/^\*\*✅ hybrid_progressive_capture 10 % → 25 %, v\d+, by @keeper\*\*$/);
    expect(lines.slice(2, 5)).toEqual(['| | |', '|---|---|', '| State | running |']);
    expect(reply).toContain('| Verdict: threshold |');
    expect(reply).toContain('Undo: `/rollout set 10`');
    expect(reply).toContain('<details><summary>Last 5 changes</summary>');
    expect(reply).toContain('reason_code: `set_higher`');
    expect(reply).toMatch(new RegExp(`<!-- rollout-bot:v1 comment=${comment.id} -->$`));
    expect(reply).not.toMatch(/^\/(rollout|capture)/m);
  });

  it('hold and resume', async () => {
    await say('writer', '/rollout hold release week');
    expect(await rollout()).toMatchObject({ state: 'held', hold: { by: 'person', reason: 'release week' } });
    const refused = await say('writer', '/rollout resume');
    expect(refused.rows).toMatchObject([{ outcome: 'refused', reason_code: 'permission_denied' }]);
    await say('keeper', '/rollout resume it is out');
    expect(await rollout()).toMatchObject({ state: 'running', hold: null });
  });

  it('a dry run and a change stand in one comment, two changes do not', async () => {
    const { rows } = await say('keeper', '/rollout set 25 --dry-run\n\n/rollout hold wait');
    expect(rows.map(({ reason_code }) => reason_code)).toEqual(['dry_run', 'held']);
    const two = await say('boss', '/rollout set 5\n/capture recent');
    expect(two.rows.map(({ reason_code }) => reason_code)).toEqual([
      'one_write_per_comment',
      'one_write_per_comment',
    ]);
  });

  it('quotation marks and dashes that a phone has made typographic', async () => {
    const { rows } = await say('boss', '/rollout set 75 —force —reason “all is well”');
    expect(rows).toMatchObject([{ outcome: 'done', reason_code: 'set_forced' }]);
    expect(await town.lastHistory()).toMatchObject({ reason: 'all is well' });
  });
});

describe('hostile', () => {
  it('Markdown, mentions and commands in a reason are shown as code, also in the history of later replies', async () => {
    const nasty = '@octocat #12 `x` **b** | </details> <img src=x> ![i](http://x) ``` /rollout set 100';
    await say('writer', `/rollout hold "${nasty.replace(/<[^>]*>|!\[.*?\)/g, '')}"`);
    const { replies } = await say('helper', '/rollout history 3');
    const text = replies.join('\n');
    expect(text).not.toMatch(/@octocat|#12\b/);
    expect(text).not.toMatch(/^\/rollout/m);
    expect(text.match(/<\/details>/g)).toHaveLength(1);
  });

  it.each([
    ['HTML', '/rollout hold <b>x</b>'],
    ['a link', '/rollout hold [x](http://example.com)'],
    ['a zero-width space', '/rollout hold a\u200bb'],
    ['text that runs backwards', '/rollout hold \u202enoitnetta'],
  ])('%s inside of a command: it is not obeyed', async (_, body) => {
    const { rows, reactions } = await say('writer', body);
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'not_understood' }]);
    expect(reactions).toEqual(['eyes', 'confused']);
    expect((await rollout()).state).toBe('running');
  });

  it('a permission that is lost between the two checks', async () => {
    const keeper = town.world.actor('keeper');
    let asked = 0;
    const { collaborators } = town.home;
    const get = collaborators.get.bind(collaborators);
    collaborators.get = (id) => (id === keeper.id && ++asked > 1 ? 'read' : get(id));
    const { rows } = await say('keeper', '/rollout set 25');
    collaborators.get = get;
    expect(asked).toBeGreaterThan(1);
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'permission_denied' }]);
    expect((await rollout()).rollout_percentage).toBe(10);
  });

  it('another login with the same name as a person of before has no permission of theirs', async () => {
    const { rows } = await say('nobody', '/rollout stop now');
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'permission_denied' }]);
  });

  it('a comment that is longer than what is read: its beginning counts', async () => {
    const { rows } = await say('keeper', `/rollout set 25\n\n${'> '.repeat(3_000)}\n\n/rollout set 100`);
    expect(rows).toMatchObject([{ outcome: 'done', reason_code: 'set_higher' }]);
  });

  it('a flood: after 30 answers in an hour in one issue there are reactions alone, in others there are answers', async () => {
    await town.app.db
      .insertInto('commands')
      .values(
        Array.from({ length: 30 }, (_, index) => ({
          comment_id: 900_000 + index,
          command_index: 0,
          repository_id: town.home.id,
          issue_number: town.control.number,
          actor_id: 1,
          verb: 'rollout status',
          body_sha256: '',
          outcome: 'done',
          answered_at: new Date(),
        })),
      )
      .execute();
    const { replies, reactions } = await say('helper', '/rollout status');
    expect([replies.length, reactions]).toEqual([0, ['eyes', 'rocket']]);
    expect((await say('mary', '/capture help', { issue: town.bug })).replies).toHaveLength(1);
  });
});

describe('a crash', () => {
  const crashed = async (answer: object) => {
    const comment = await town.note('keeper', '/rollout set 25');
    // The change and its answer were committed; what was to follow was not.
    await town.app.db.updateTable('rollout_configuration').set({ rollout_percentage: 25 }).execute();
    await town.app.db
      .updateTable('commands')
      .set({ outcome: 'done', reason_code: 'set_higher', answer: JSON.stringify(answer) })
      .where('comment_id', '=', comment.id)
      .execute();
    return comment;
  };
  const ANSWER = {
    ok: true,
    reasonCode: 'set_higher',
    headline: 'done before the crash',
    table: [],
    body: [],
  };

  it('between the change and the reply: the reply follows, the change is not repeated', async () => {
    const comment = await crashed(ANSWER);
    const { version } = await rollout();
    const before = town.control.comments.length;
    await say('helper', '/rollout status');
    expect(town.control.comments.slice(before).map(({ body }) => body)).toContainEqual(
      expect.stringContaining('done before the crash'),
    );
    expect((await rollout()).version).toBe(version);
    expect(await town.rowsOf(comment)).toMatchObject([{ answered_at: expect.any(Date) }]);
  });

  it('of the answer to a reply: the reply is there once, and the change made once', async () => {
    town.sandbox.faults.add({
      when: ({ method, path }) => method === 'POST' && path.endsWith('/comments'),
      fault: { kind: 'lost_answer' },
    });
    const first = await say('keeper', '/rollout set 25');
    const { version } = await rollout();
    expect(first.rows).toMatchObject([{ outcome: 'done', answered_at: null }]);
    await say('helper', '/rollout status');
    const marker = `comment=${first.comment.id} -->`;
    expect(town.control.comments.filter(({ body }) => body.includes(marker))).toHaveLength(1);
    expect(await town.rowsOf(first.comment)).toMatchObject([{ answered_at: expect.any(Date) }]);
    expect((await rollout()).version).toBe(version);
  });

  it('between the reply and its note: there is no second reply', async () => {
    const comment = await crashed(ANSWER);
    const octokit = town.sandbox.app;
    const { addIssueComment } = await import('../../sandbox/world/build.ts');
    addIssueComment(town.world, town.control, {
      author: town.world.actor(`${octokit.slug}[bot]`, 'Bot'),
      body: `done before the crash\n\n<!-- rollout-bot:v1 comment=${comment.id} -->`,
      createdAt: minutesAgo(0),
      viaApp: true,
    });
    const before = town.control.comments.length;
    await say('helper', '/rollout status');
    const since = town.control.comments.slice(before).map(({ body }) => body);
    expect(since.filter((body) => body.includes('done before'))).toEqual([]);
    expect(await town.rowsOf(comment)).toMatchObject([{ answered_at: expect.any(Date) }]);
  });
});
