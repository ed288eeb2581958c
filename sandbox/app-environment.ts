import type { Sandbox } from './sandbox.ts';

/** The settings of an app that is this GitHub's App. */
export function appEnvironment({ webUrl, app, oidc }: Pick<Sandbox, 'webUrl' | 'app' | 'oidc'>) {
  return {
    GHE_HOST: new URL(webUrl).host,
    GHE_PROTOCOL: 'http',
    OIDC_ISSUER: oidc.issuer,
    APP_ID: String(app.id),
    PRIVATE_KEY: app.privateKey,
    WEBHOOK_SECRET: app.webhookSecret,
  };
}
