/** The flags that verbs understand; each takes a value. */
export interface CommandFlags {
  reason?: string;
  ifVersion?: number;
}

/**
 * Separates `--reason "…"` and `--if-version N` (also with `=`) from the words of a command.
 * An unknown flag, one without its value, or a version that is no whole number is a problem in one sentence.
 */
export function readFlags(
  args: readonly string[],
): { words: string[]; flags: CommandFlags } | { problem: string } {
  const words: string[] = [];
  const flags: CommandFlags = {};
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const match = /^--(?<name>[a-z-]+)(?:=(?<value>.*))?$/s.exec(arg);
    const name = match?.groups?.name;
    if (name === undefined) {
      words.push(arg);
      continue;
    }
    if (name !== 'reason' && name !== 'if-version') {
      return { problem: 'There is no such flag; the flags are `--reason "…"` and `--if-version N`.' };
    }
    const value = match?.groups?.value ?? args[++i];
    if (value === undefined || value === '') return { problem: `\`--${name}\` lacks its value.` };
    if (name === 'reason') flags.reason = value;
    else if (/^\d{1,9}$/.test(value)) flags.ifVersion = Number(value);
    else return { problem: '`--if-version` takes a whole number, the version that `status` shows.' };
  }
  return { words, flags };
}
