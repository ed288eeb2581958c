import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';

/** What a signed-in browser carries, sealed: we keep no table of sessions, so a restart ends none. */
const Session = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('person'),
    id: z.int().positive(),
    login: z.string().min(1),
    /** The person's own token on GitHub: what it sees is what is shown. */
    token: z.string().min(1),
    csrf: z.string().min(1),
  }),
  /** Of the token that was given, so that another MONITOR_TOKEN ends the session. */
  z.object({ kind: z.literal('token'), digest: z.string() }),
]);
export type Session = z.infer<typeof Session>;

/** What a browser brings back from GitHub must belong to what it was sent with. */
const SignIn = z.object({ state: z.string(), verifier: z.string(), returnTo: z.string() });
export type SignIn = z.infer<typeof SignIn>;

/** GitHub's tokens of a person end after 8 hours. */
const SESSION_SECONDS = 8 * 3_600;
const SIGN_IN_SECONDS = 600;

/**
 * Cookies of the monitor, encrypted and authenticated (A256GCM), HttpOnly, SameSite=Lax (the way back from GitHub is a
 * navigation from another site), and with `https` bound to this host.
 * @param secret SESSION_SECRET; null: one that lives as long as this process
 */
export function createSessions({ secret, isHttps }: { secret: string | null; isHttps: boolean }) {
  const key = createHash('sha256')
    .update('hybrid-capture monitor session\0')
    .update(secret ?? randomBytes(32))
    .digest();
  const prefix = isHttps ? '__Host-' : '';
  const names = { session: `${prefix}hybrid_capture`, signIn: `${prefix}hybrid_capture_sign_in` };

  const setCookie = (response: ServerResponse, name: string, value: string, seconds: number) => {
    const attributes = [
      'Path=/',
      'HttpOnly',
      'SameSite=Lax',
      `Max-Age=${seconds}`,
      ...(isHttps ? ['Secure'] : []),
    ];
    response.appendHeader('set-cookie', [`${name}=${value}`, ...attributes].join('; '));
  };
  const seal = (payload: Record<string, unknown>, audience: string, seconds: number) =>
    new EncryptJWT(payload)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(audience)
      .setExpirationTime(`${seconds} s`)
      .encrypt(key);
  const open = async (request: IncomingMessage, name: string): Promise<unknown> => {
    const value = readCookie(request, name);
    if (value === null) return null;
    try {
      return (await jwtDecrypt(value, key, { audience: name })).payload;
    } catch {
      // Ended, of another secret, or not ours: whoever it is signs in again.
      return null;
    }
  };

  return {
    read: async (request: IncomingMessage): Promise<Session | null> =>
      Session.nullable()
        .catch(null)
        .parse(await open(request, names.session)),
    begin: async (response: ServerResponse, session: Session): Promise<void> =>
      setCookie(
        response,
        names.session,
        await seal(session, names.session, SESSION_SECONDS),
        SESSION_SECONDS,
      ),
    end: (response: ServerResponse): void => setCookie(response, names.session, '', 0),
    readSignIn: async (request: IncomingMessage): Promise<SignIn | null> =>
      SignIn.nullable()
        .catch(null)
        .parse(await open(request, names.signIn)),
    beginSignIn: async (response: ServerResponse, signIn: SignIn): Promise<void> =>
      setCookie(response, names.signIn, await seal(signIn, names.signIn, SIGN_IN_SECONDS), SIGN_IN_SECONDS),
    endSignIn: (response: ServerResponse): void => setCookie(response, names.signIn, '', 0),
  };
}

export type Sessions = ReturnType<typeof createSessions>;

function readCookie(request: IncomingMessage, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}
