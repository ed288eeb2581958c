import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * Sets variables in a `.env` file and leaves its other lines as they are. Only its owner can read it (0600); it is
 * replaced at once, so a crash leaves the old one or the new one.
 */
export function writeEnvironmentFile(file: string, variables: Record<string, string>): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const kept = removeVariables(before, Object.keys(variables)).trimEnd();
  const lines = Object.entries(variables).map(
    ([name, value]) => `${name}="${value.trim().replaceAll('\n', '\\n')}"`,
  );
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${kept === '' ? '' : `${kept}\n`}${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}

/** A quoted value may go over several lines, as private keys do. */
function removeVariables(text: string, names: string[]): string {
  const value = String.raw`(?:"[^"]*"|'[^']*'|[^\n]*)`;
  return text.replace(
    new RegExp(`^\\s*(?:export\\s+)?(?:${names.join('|')})\\s*=\\s*${value}\\n?`, 'gm'),
    '',
  );
}
