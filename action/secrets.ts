/**
 * What must not be read in a log of a postgres:// address with a password: the whole address, and the password as it is
 * written, as it is meant, and as a URL spells it. Nothing of other texts.
 */
export function secretsOf(destination: string): string[] {
  // As far as the last @, since a password that holds one may not have been escaped; and where the text is no URL at all.
  const [, written = ''] = /^postgres(?:ql)?:\/\/[^:/@]*:(.*)@/.exec(destination) ?? [];
  const url = /^postgres(?:ql)?:\/\//.test(destination) ? URL.parse(destination) : null;
  const passwords = [written, url?.password ?? '', url?.searchParams.get('password') ?? ''];
  const secrets = new Set(passwords.flatMap((password) => [password, decode(password)]));
  secrets.delete('');
  return secrets.size === 0 ? [] : [destination, ...secrets];
}

/** The text itself where it holds a `%` that escapes nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
