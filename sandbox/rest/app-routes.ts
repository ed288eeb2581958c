import { isoSeconds } from '../clock.ts';
import type { Installation, Permission, Repository } from '../world/model.ts';
import { representInstallation, representRepository, representUser } from './represent.ts';
import {
  type Call,
  HttpError,
  notFound,
  numberParam,
  paginate,
  permitted,
  type Route,
  route,
} from './router.ts';

const LEVELS: readonly string[] = ['read', 'write', 'admin'];

/** Calls that an App makes as itself, with its JWT. */
function requireApp({ grant }: Call): void {
  if (grant.kind !== 'app') throw new HttpError(401, 'A JSON web token could not be decoded');
}

function installationOf(call: Call): Installation {
  requireApp(call);
  const installation = call.sandbox.world.installations.get(numberParam(call, 'id'));
  if (!installation) throw notFound();
  return installation;
}

function repositoriesOf({ sandbox: { world } }: Call, installation: Installation): Repository[] {
  return [...installation.repositoryIds].flatMap((id) => world.find('Repository', id) ?? []);
}

interface TokenRequest {
  repository_ids?: unknown;
  repositories?: unknown;
  permissions?: unknown;
}

/** The narrower scope that a token request asks for; more than the installation has is a 422. */
function scopeOf(call: Call, installation: Installation) {
  const refuse = (message: string) => new HttpError(422, message);
  const body = (call.request.body ?? {}) as TokenRequest;
  let repositories = repositoriesOf(call, installation);
  if (body.repository_ids !== undefined) {
    const ids = body.repository_ids;
    if (!Array.isArray(ids))
      throw refuse("Invalid request.\n\nFor 'properties/repository_ids', value is not an array.");
    repositories = repositories.filter(({ id }) => ids.includes(id));
    if (repositories.length < ids.length) {
      throw refuse(
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    }
  }
  if (body.repositories !== undefined) {
    const names = body.repositories;
    if (!Array.isArray(names))
      throw refuse("Invalid request.\n\nFor 'properties/repositories', value is not an array.");
    const wanted = repositories.filter(({ name }) => names.includes(name));
    if (wanted.length < names.length) {
      throw refuse(
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    }
    repositories = wanted;
  }
  let permissions = installation.permissions;
  if (body.permissions !== undefined) {
    permissions = {};
    for (const [name, level] of Object.entries(body.permissions as Record<string, unknown>)) {
      const granted = installation.permissions[name];
      if (
        !LEVELS.includes(String(level)) ||
        !granted ||
        LEVELS.indexOf(String(level)) > LEVELS.indexOf(granted)
      ) {
        throw refuse('The permissions requested are not granted to this installation.');
      }
      permissions[name] = level as Permission;
    }
  }
  const narrowed = body.repository_ids !== undefined || body.repositories !== undefined;
  return { repositories, permissions: { ...permissions, metadata: 'read' as const }, narrowed };
}

export const APP_ROUTES: Route[] = [
  // The last step of registering an App from a manifest: the code of the redirect for its credentials.
  route(
    'POST /app-manifests/{code}/conversions',
    ({ sandbox, params }) => {
      const { app, webUrl } = sandbox;
      if (params.code !== app.manifestCode) throw notFound();
      return {
        status: 201,
        body: {
          id: app.id,
          slug: app.slug,
          node_id: `A_kw${app.id}`,
          owner: representUser(sandbox, app.owner),
          name: app.name,
          description: null,
          external_url: webUrl,
          html_url: `${webUrl}/apps/${app.slug}`,
          created_at: '2020-01-01T00:00:00Z',
          updated_at: '2020-01-01T00:00:00Z',
          permissions: app.permissions,
          events: app.events,
          client_id: app.clientId,
          client_secret: app.clientSecret,
          webhook_secret: app.webhookSecret,
          pem: app.privateKey,
        },
      };
    },
    true,
  ),
  route('GET /app', (call) => {
    requireApp(call);
    const { app, webUrl } = call.sandbox;
    const owner = representUser(call.sandbox, app.owner);
    return {
      status: 200,
      body: {
        id: app.id,
        slug: app.slug,
        client_id: app.clientId,
        node_id: `A_kw${app.id}`,
        owner,
        name: app.name,
        description: '',
        external_url: webUrl,
        html_url: `${webUrl}/apps/${app.slug}`,
        created_at: '2020-01-01T00:00:00Z',
        updated_at: '2020-01-01T00:00:00Z',
        permissions: app.permissions,
        events: app.events,
        installations_count: call.sandbox.world.installations.size,
      },
    };
  }),
  route('GET /app/installations', (call) => {
    requireApp(call);
    const { world, app } = call.sandbox;
    return paginate(call, [...world.installations.values()], (item) =>
      representInstallation(call.sandbox, app, item),
    );
  }),
  route('GET /app/installations/{id}', (call) => ({
    status: 200,
    body: representInstallation(call.sandbox, call.sandbox.app, installationOf(call)),
  })),
  route('POST /app/installations/{id}/access_tokens', (call) => {
    const installation = installationOf(call);
    if (installation.suspendedAt) throw new HttpError(403, 'This installation has been suspended');
    const { repositories, permissions, narrowed } = scopeOf(call, installation);
    const { token, expiresAt } = call.sandbox.tokens.issueInstallationToken(installation, {
      // One that was not narrowed sees what the installation sees, also what is added later.
      repositoryIds: narrowed ? new Set(repositories.map(({ id }) => id)) : installation.repositoryIds,
      permissions,
    });
    return {
      status: 201,
      body: {
        token,
        expires_at: isoSeconds(expiresAt),
        permissions,
        repository_selection: narrowed ? 'selected' : installation.selection,
        ...(narrowed
          ? { repositories: repositories.map((repository) => representRepository(call.sandbox, repository)) }
          : {}),
      },
    };
  }),
  route('GET /repos/{owner}/{repo}/installation', (call) => {
    requireApp(call);
    const { world, app } = call.sandbox;
    const repository = world.repository(call.params.owner ?? '', call.params.repo ?? '');
    const installation = repository && world.installationOf(repository);
    if (!installation) throw notFound();
    return { status: 200, body: representInstallation(call.sandbox, app, installation) };
  }),
  route('GET /orgs/{org}/installation', (call) => accountInstallation(call, call.params.org)),
  route('GET /users/{user}/installation', (call) => accountInstallation(call, call.params.user)),
  route('GET /installation/repositories', (call) => {
    const { grant, sandbox } = call;
    if (grant.kind !== 'installation')
      throw new HttpError(403, 'Resource not accessible by personal access token');
    const repositories = [...(grant.repositoryIds ?? [])].flatMap(
      (id) => sandbox.world.find('Repository', id) ?? [],
    );
    const page = paginate(call, repositories, (repository) =>
      representRepository(sandbox, permitted(call, repository, 'metadata')),
    );
    const installation = sandbox.world.installations.get(grant.installationId ?? 0);
    return {
      ...page,
      body: {
        total_count: repositories.length,
        repository_selection: installation?.selection ?? 'selected',
        repositories: page.body,
      },
    };
  }),
  route('DELETE /installation/token', ({ sandbox, request }) => {
    sandbox.tokens.revoke(/\s(\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    return { status: 204 };
  }),
];

function accountInstallation(call: Call, login: string | undefined) {
  requireApp(call);
  const { world, app } = call.sandbox;
  for (const installation of world.installations.values()) {
    if (installation.account.login.toLowerCase() === login?.toLowerCase()) {
      return { status: 200, body: representInstallation(call.sandbox, app, installation) };
    }
  }
  throw notFound();
}
