import type { Finding } from './finding.ts';

const SECRET_NAMES =
  /^(PRIVATE_KEY|WEBHOOK_SECRET|GITHUB_CLIENT_SECRET|INNGEST_(PRODUCTION_)?(EVENT|SIGNING)_KEY|\w+_TOKEN|SESSION_SECRET)$/;
/** Shorter ones would be found in ordinary words. */
const MIN_LENGTH = 6;

/** A second lock: no check shows a secret, and what other machines say back can't either. */
export function hideSecrets(finding: Finding, env: Readonly<Record<string, string | undefined>>): Finding {
  const secrets = Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (name === 'DATABASE_URL') return passwordOf(value);
    return SECRET_NAMES.test(name) ? [value] : [];
  });
  const hide = (text: string) =>
    secrets
      .filter(({ length }) => length >= MIN_LENGTH)
      .reduce((left, secret) => left.replaceAll(secret, '***'), text);
  return { ...finding, message: hide(finding.message), cure: finding.cure && hide(finding.cure) };
}

function passwordOf(url: string): string[] {
  if (!URL.canParse(url)) return [url];
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)];
}
