import { createHash, randomBytes } from 'node:crypto';
import type { Sandbox } from '../sandbox.ts';
import type { Actor, Repository } from '../world/model.ts';
import { representInstallation, representRepository } from './represent.ts';
import { type Call, HttpError, notFound, numberParam, paginate, type Route, route } from './router.ts';

/**
 * Signing in through the App. GitHub asks the person in the browser; here whoever is asked for with `login` agrees, and
 * without it a page lists who there is.
 * Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */

interface Code {
  actor: Actor;
  redirectUri: string;
  challenge: string | null;
  expiresAt: number;
}

const CODE_LIFE_MS = 600_000;
const codes = new WeakMap<Sandbox['tokens'], Map<string, Code>>();

function codesOf({ tokens }: Sandbox): Map<string, Code> {
  const known = codes.get(tokens) ?? new Map<string, Code>();
  codes.set(tokens, known);
  return known;
}

function authorize(call: Call) {
  const { sandbox, request } = call;
  const { query } = request;
  if (query.get('client_id') !== sandbox.app.clientId) throw notFound();
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!URL.canParse(redirectUri)) throw new HttpError(422, 'The redirect_uri is missing.');
  const login = query.get('login');
  if (login === null) return { status: 200, body: listPeople(sandbox, query) };
  const actor = sandbox.world.findActor(login);
  if (actor?.kind !== 'User') throw notFound();
  const code = randomBytes(10).toString('hex');
  codesOf(sandbox).set(code, {
    actor,
    redirectUri,
    challenge: query.get('code_challenge'),
    expiresAt: sandbox.clock.now() + CODE_LIFE_MS,
  });
  const target = new URL(redirectUri);
  target.searchParams.set('code', code);
  const state = query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  return { status: 302, headers: { location: target.href }, body: '' };
}

function listPeople({ world }: Sandbox, query: URLSearchParams): string {
  const members = new Set(
    [...world.repositories()].flatMap(({ collaborators }) => [...collaborators.keys()]),
  );
  const people = [...world.actors()].filter(({ kind, id }) => kind === 'User' && members.has(id));
  const links = people.map((actor) => {
    const search = new URLSearchParams(query);
    search.set('login', actor.login);
    return `<li><a href="?${search.toString().replaceAll('&', '&amp;')}">${actor.login}</a></li>`;
  });
  return `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>Local GitHub</title><h1>Local GitHub: sign in as</h1><ul>${links.join('')}</ul></html>`;
}

/** GitHub answers 200 with an error in it. */
function exchange({ sandbox, request }: Call) {
  const body = (request.body ?? {}) as Record<string, unknown>;
  const { app, clock, tokens } = sandbox;
  const refuse = (error: string, description: string) => ({
    status: 200,
    body: { error, error_description: description },
  });
  if (body.client_id !== app.clientId || body.client_secret !== app.clientSecret) {
    return refuse('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.');
  }
  const known = codesOf(sandbox);
  const code = known.get(String(body.code));
  known.delete(String(body.code));
  const verifier = createHash('sha256').update(String(body.code_verifier)).digest('base64url');
  if (!code || code.expiresAt <= clock.now() || (code.challenge !== null && code.challenge !== verifier)) {
    return refuse('bad_verification_code', 'The code passed is incorrect or expired.');
  }
  if (body.redirect_uri !== code.redirectUri) {
    return refuse('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL.');
  }
  const seen = [...sandbox.world.repositories()].filter((repository) => canRead(code.actor, repository));
  const token = tokens.issueUserToken(code.actor, { repositoryIds: new Set(seen.map(({ id }) => id)) });
  return { status: 200, body: { access_token: token, token_type: 'bearer', scope: '' } };
}

/** Everybody may read a public repository. */
function canRead(actor: Actor, repository: Repository): boolean {
  const role = repository.collaborators.get(actor.id) ?? 'none';
  return !repository.isPrivate || role !== 'none';
}

function requirePerson({ grant }: Call): Actor {
  if (grant.kind !== 'user') throw new HttpError(403, 'Resource not accessible by integration');
  return grant.actor;
}

function visibleRepositories(
  { sandbox: { world } }: Call,
  ids: ReadonlySet<number>,
  actor: Actor,
): Repository[] {
  return [...ids].flatMap((id) => world.find('Repository', id) ?? []).filter((one) => canRead(actor, one));
}

export const SIGN_IN_ROUTES: Route[] = [
  route('GET /login/oauth/authorize', authorize, true),
  route('POST /login/oauth/access_token', exchange, true),
  route('GET /user/installations', (call) => {
    const actor = requirePerson(call);
    const { world, app } = call.sandbox;
    const seen = [...world.installations.values()].filter(
      ({ repositoryIds }) => visibleRepositories(call, repositoryIds, actor).length > 0,
    );
    const page = paginate(call, seen, (one) => representInstallation(call.sandbox, app, one));
    return { ...page, body: { total_count: seen.length, installations: page.body } };
  }),
  route('GET /user/installations/{id}/repositories', (call) => {
    const actor = requirePerson(call);
    const installation = call.sandbox.world.installations.get(numberParam(call, 'id'));
    if (!installation) throw notFound();
    const seen = visibleRepositories(call, installation.repositoryIds, actor);
    const page = paginate(call, seen, (one) => representRepository(call.sandbox, one));
    return { ...page, body: { total_count: seen.length, repositories: page.body } };
  }),
];
