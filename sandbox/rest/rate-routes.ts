import { type Route, route } from './router.ts';

export const RATE_ROUTES: Route[] = [
  route('GET /rate_limit', ({ sandbox: { limiter }, grant }) => {
    const shown = (resource: 'core' | 'graphql') => {
      const { limit, used, remaining, resetAt } = limiter.rate(grant.bucket, resource);
      return { limit, used, remaining, reset: Math.ceil(resetAt / 1000), resource };
    };
    const [core, graphql] = [shown('core'), shown('graphql')];
    return { status: 200, body: { resources: { core, graphql }, rate: core } };
  }),
  route('GET /meta', () => ({ status: 200, body: { verifiable_password_authentication: false } }), true),
  route('GET /zen', () => ({ status: 200, body: 'Keep it logically awesome.' }), true),
];
