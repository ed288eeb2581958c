import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addRepository } from '../../../sandbox/world/build.ts';
import type { Repository } from '../../../sandbox/world/model.ts';
import { type CommandTown, startCommandTown } from '../command-town.ts';
import { seedMonitor } from './seed-monitor.ts';

let town: CommandTown;
let secret: Repository;

beforeAll(async () => {
  town = await startCommandTown({ MONITOR_TOKEN: 'look', MAX_ACTIONS_MINUTES_PER_MONTH: '100000' });
  const [installation] = town.world.installations.values();
  if (!installation) throw new Error('The App is installed nowhere.');
  // Only its own people see it on GitHub.
  secret = addRepository(town.world, 'acme/secret-plans', { isPrivate: true });
  secret.collaborators.set(town.world.actor('mallory').id, 'read');
  installation.repositoryIds.add(secret.id);
  await seedMonitor(town.app.db, {
    installationId: installation.id,
    repositoryIds: [town.widgets.id],
    hostileId: secret.id,
    jobs: 20,
    wrongEvery: 5,
  });
  await town.app.db
    .updateTable('repositories')
    .set({ full_name: 'acme/secret-plans', is_private: true })
    .where('id', '=', secret.id)
    .execute();
});
afterAll(() => town.close());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${town.app.url}${path}`, { redirect: 'manual', ...init });

/** Goes through the local GitHub by hand, and answers the cookie. */
async function signIn(login: string): Promise<string> {
  const begin = await ask('/monitor/sign-in');
  const begun = cookieOf(begin);
  const consent = await fetch(`${begin.headers.get('location')}&login=${login}`, { redirect: 'manual' });
  const back = await fetch(consent.headers.get('location') ?? '', {
    redirect: 'manual',
    headers: { cookie: begun },
  });
  expect(back.status).toBe(303);
  expect(back.headers.get('location')).toBe('/monitor');
  return cookieOf(back);
}

function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
}

async function csrfOf(cookie: string): Promise<string> {
  const page = await (await ask('/monitor', { headers: { cookie } })).text();
  return /name="csrf-token" content="([^"]+)"/.exec(page)?.[1] ?? '';
}

const command = (headers: Record<string, string>, verb = 'stop', args = ['because']) =>
  ask('/monitor/api/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ verb, args }),
  });

describe('who sees what', () => {
  it.each([
    '/monitor',
    '/monitor/jobs',
    '/monitor/repositories',
    '/monitor/deliveries',
    '/monitor/events?page=%2Fmonitor',
  ])('nobody sees %s without signing in, not even on this machine', async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain('acme');
  });

  it('a person sees the repositories that GitHub shows to that person, and those alone', async () => {
    const cookie = await signIn('boss');
    const list = await (await ask('/monitor/repositories', { headers: { cookie } })).text();
    expect(list).toContain('acme/widgets');
    for (const path of [
      '/monitor',
      '/monitor/jobs',
      '/monitor/repositories',
      '/monitor/repositories?in=in',
      '/monitor/deliveries',
      '/monitor/jobs?group=wrong',
    ]) {
      expect(await (await ask(path, { headers: { cookie } })).text()).not.toContain('secret-plans');
    }
    const page = `/monitor/repositories/${secret.id}`;
    expect((await ask(page, { headers: { cookie } })).status).toBe(404);
    const job = '/monitor/jobs/00000000-0000-4000-8000-000000000001';
    expect((await ask(job, { headers: { cookie } })).status).toBe(404);
    const member = await signIn('mallory');
    expect((await ask(page, { headers: { cookie: member } })).status).toBe(200);
    expect((await ask(job, { headers: { cookie: member } })).status).toBe(200);
  });

  it('the state of the rollout is for triage and more in the control repository', async () => {
    const helper = await (await ask('/monitor', { headers: { cookie: await signIn('helper') } })).text();
    expect(helper).toContain('data-section="rollout"');
    const stranger = await (await ask('/monitor', { headers: { cookie: await signIn('mallory') } })).text();
    expect(stranger).toContain('data-section="jobs"');
    expect(stranger).not.toContain('data-section="rollout"');
    expect(stranger).not.toContain('data-section="history"');
    const cookie = await signIn('mallory');
    const list = await (await ask('/monitor/repositories?in=in', { headers: { cookie } })).text();
    expect(list).toContain('secret-plans');
    expect(list).not.toContain('in the rollout');
    const deliveries = await (await ask('/monitor/deliveries', { headers: { cookie } })).text();
    expect(deliveries).not.toContain('data-section="failed"');
  });

  it('the cost names the repositories that a person sees, and tells of all together to those who see the rollout', async () => {
    const cost = async (login: string) => {
      const page = await (await ask('/monitor', { headers: { cookie: await signIn(login) } })).text();
      return /data-section="cost"[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';
    };
    const boss = await cost('boss');
    expect(boss).toContain('acme/widgets');
    expect(boss).not.toContain('secret-plans');
    expect(boss).toContain('Budget of minutes');
    const stranger = await cost('mallory');
    expect(stranger).toContain('acme/secret-plans');
    expect(stranger).not.toContain('Budget of minutes');
  });

  it('MONITOR_TOKEN sees everything, and changes nothing', async () => {
    const authorization = 'Bearer look';
    expect(await (await ask('/monitor/repositories', { headers: { authorization } })).text()).toContain(
      'secret-plans',
    );
    const status = await command({ authorization }, 'status', []);
    expect([status.status, await status.json()]).toMatchObject([200, { ok: true, reasonCode: 'status' }]);
    const stop = await command({ authorization });
    expect([stop.status, await stop.json()]).toMatchObject([403, { reasonCode: 'person_needed' }]);
    expect((await town.rollout()).emergency_stop).toBe(false);
    expect((await ask('/monitor', { headers: { authorization: 'Bearer other' } })).status).toBe(401);
  });
});

describe('what changes something', () => {
  it('must come from a page of ours: origin, check value, session', async () => {
    const cookie = await signIn('boss');
    const csrf = await csrfOf(cookie);
    const origin = town.app.url;
    const refused = [
      { cookie },
      { cookie, 'x-csrf-token': csrf },
      { cookie, origin },
      { cookie, origin, 'x-csrf-token': 'guessed' },
      { cookie, origin: 'https://evil.example', 'x-csrf-token': csrf },
      { cookie, origin, 'x-csrf-token': csrf, 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of refused) expect((await command(headers)).status).toBe(403);
    expect((await command({ origin, 'x-csrf-token': csrf })).status).toBe(401);
    expect((await town.rollout()).emergency_stop).toBe(false);
    const done = await command({ cookie, origin, 'x-csrf-token': csrf });
    expect([done.status, await done.json()]).toMatchObject([200, { reasonCode: 'stopped' }]);
    expect(await town.lastHistory()).toMatchObject({ triggered_by: 'boss', source: { type: 'page' } });
    await command({ cookie, origin, 'x-csrf-token': csrf }, 'resume', ['over']);
  });

  it('is decided by the level of this moment, not by the one that the page was made with', async () => {
    const cookie = await signIn('writer');
    const headers = { cookie, origin: town.app.url, 'x-csrf-token': await csrfOf(cookie) };
    const id = town.world.actor('writer').id;
    town.home.collaborators.set(id, 'read');
    const answer = await command(headers);
    expect([answer.status, await answer.json()]).toMatchObject([403, { reasonCode: 'permission_denied' }]);
    town.home.collaborators.set(id, 'write');
    expect((await town.rollout()).emergency_stop).toBe(false);
  });

  it('is refused where it is no command', async () => {
    const cookie = await signIn('boss');
    const headers = { cookie, origin: town.app.url, 'x-csrf-token': await csrfOf(cookie) };
    const answer = await ask('/monitor/api/commands', { method: 'POST', headers, body: '{"verb":' });
    expect(answer.status).toBe(400);
    expect((await command(headers, 'explode', [])).status).toBe(409);
    expect((await ask('/monitor/api/commands', { headers })).status).toBe(405);
  });
});

describe('signing in', () => {
  it('cookies are HttpOnly, SameSite=Lax and sealed; pages run no inline script', async () => {
    const cookie = await signIn('boss');
    const page = await ask('/monitor', { headers: { cookie } });
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    const text = await page.text();
    expect([...text.matchAll(/<script(?![^>]*(src=|type="application\/json"))/g)]).toEqual([]);
    expect(text).not.toMatch(/ on[a-z]+="| style="/);
    const begin = await ask('/monitor/sign-in');
    expect(begin.headers.getSetCookie()[0]).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
    const [, value = ''] = cookie.split('=');
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('boss');
    const forged = `${cookie.slice(0, -4)}AAAA`;
    expect((await ask('/monitor', { headers: { cookie: forged } })).status).toBe(401);
  });

  it('a way back that was not begun here is refused', async () => {
    expect((await ask('/monitor/callback?code=x&state=y')).status).toBe(403);
    const begun = cookieOf(await ask('/monitor/sign-in'));
    const response = await ask('/monitor/callback?code=x&state=y', { headers: { cookie: begun } });
    expect(response.status).toBe(403);
  });

  it('leads to paths of ours alone afterwards', async () => {
    for (const to of ['https://evil.example', '//evil.example', '/monitor/../..//evil.example']) {
      const begin = await ask(`/monitor/sign-in?to=${encodeURIComponent(to)}`);
      const consent = await fetch(`${begin.headers.get('location')}&login=boss`, { redirect: 'manual' });
      const back = await fetch(consent.headers.get('location') ?? '', {
        redirect: 'manual',
        headers: { cookie: cookieOf(begin) },
      });
      expect(back.headers.get('location')).toBe('/monitor');
    }
  });

  it('the token as a form begins a session that only looks', async () => {
    const post = (token: string, origin: string) =>
      ask('/monitor/token', { method: 'POST', headers: { origin }, body: new URLSearchParams({ token }) });
    expect((await post('wrong', town.app.url)).status).toBe(403);
    expect((await post('look', 'https://evil.example')).status).toBe(403);
    const cookie = cookieOf(await post('look', town.app.url));
    expect((await ask('/monitor', { headers: { cookie } })).status).toBe(200);
    const stop = await command({ cookie, origin: town.app.url });
    expect(await stop.json()).toMatchObject({ reasonCode: 'person_needed' });
  });

  it('signing out ends it', async () => {
    const cookie = await signIn('boss');
    const headers = { cookie, origin: town.app.url, 'x-csrf-token': await csrfOf(cookie) };
    const out = await ask('/monitor/sign-out', { method: 'POST', headers });
    expect(out.headers.getSetCookie()[0]).toMatch(/=; .*Max-Age=0$/);
  });
});
