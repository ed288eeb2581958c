export interface IssuedToken {
  installationToken: string;
  installationTokenExpiresAt: string;
}

/** A token is renewed this long before it ends, so that none ends in the middle of a page. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** No renewal sooner after another, however short the tokens' life, unless GitHub refused one. */
const RENEW_INTERVAL_MS = 60_000;

/**
 * Gives the token for GitHub's API, and has it renewed in time, or when GitHub refused it.
 *
 * @param renew asks the app; every token goes through `onToken` (which masks it) before it is given out
 */
export function createInstallationToken(
  first: IssuedToken,
  renew: () => Promise<IssuedToken>,
  onToken: (token: string) => void,
  now: () => number = Date.now,
): (rejected?: string) => Promise<string> {
  let current = first;
  let renewedMs = now();
  let renewal: Promise<void> | null = null;
  onToken(first.installationToken);

  async function replace(): Promise<void> {
    current = await renew();
    renewedMs = now();
    onToken(current.installationToken);
  }

  return async (rejected) => {
    const isRefused = rejected === current.installationToken;
    const leftMs = Date.parse(current.installationTokenExpiresAt) - now();
    const isDue = leftMs < RENEW_BEFORE_MS && now() - renewedMs >= RENEW_INTERVAL_MS;
    if (isRefused || isDue || renewal) {
      renewal ??= replace().finally(() => {
        renewal = null;
      });
      await renewal;
    }
    return current.installationToken;
  };
}
