import { HttpError, type Route, route } from './router.ts';

/** The issuer's public pages, and the endpoint that a run asks for its token. */
export const OIDC_ROUTES: Route[] = [
  route(
    'GET /_services/token/.well-known/openid-configuration',
    ({ sandbox }) => ({ status: 200, body: sandbox.oidc.configuration }),
    true,
  ),
  route(
    'GET /_services/token/.well-known/jwks',
    async ({ sandbox }) => ({ status: 200, body: await sandbox.oidc.jwks() }),
    true,
  ),
  route(
    'GET /_services/run-token/{id}',
    async ({ sandbox, request, params }) => {
      const token = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const run = sandbox.runner.findByOidcToken(token);
      if (!run || String(run.id) !== params.id) throw new HttpError(401, 'Unauthorized');
      return {
        status: 200,
        body: { value: await sandbox.oidc.tokenFor(run, request.query.get('audience')) },
      };
    },
    true,
  ),
];
