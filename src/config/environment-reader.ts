import type { VariableName } from './variables.ts';

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables strictly and collects every problem instead of stopping at the first.
 * A reader answers the fallback where a variable is unset, empty, or wrong (then with a problem).
 * Problems name the variable and what to do; a value is quoted only by readers of settings that are no secrets.
 */
export function createEnvironmentReader(env: Environment) {
  const problems: string[] = [];

  /** The value without surrounding white space, or null when unset or empty. */
  function raw(name: VariableName): string | null {
    return env[name]?.trim() || null;
  }

  function refuse(name: VariableName, expected: string): void {
    problems.push(`${name} is ${quote(raw(name) ?? '')}, but must be ${expected}.`);
  }

  function number(
    name: VariableName,
    pattern: RegExp,
    min: number,
    max: number,
    fallback: number,
    what: string,
  ) {
    const text = raw(name);
    if (text === null) return fallback;
    const value = pattern.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    refuse(name, `${what} from ${min} to ${max}`);
    return fallback;
  }

  return {
    problems,
    raw,
    refuse,

    integer: (name: VariableName, min: number, max: number, fallback: number) =>
      number(name, /^\d{1,15}$/, min, max, fallback, 'a whole number'),

    decimal: (name: VariableName, min: number, max: number, fallback: number, decimals = 2) =>
      number(
        name,
        new RegExp(`^\\d{1,9}(\\.\\d{1,${decimals}})?$`),
        min,
        max,
        fallback,
        `a number with at most ${decimals} decimals`,
      ),

    boolean(name: VariableName, fallback: boolean): boolean {
      const text = raw(name)?.toLowerCase();
      if (text === undefined) return fallback;
      if (text === '1' || text === 'true') return true;
      if (text === '0' || text === 'false') return false;
      refuse(name, '1, 0, true or false');
      return fallback;
    },

    oneOf<T extends string>(name: VariableName, values: readonly T[], fallback: T): T {
      const text = raw(name);
      const value = values.find((candidate) => candidate === text);
      if (text !== null && value === undefined) refuse(name, `one of ${values.join(', ')}`);
      return value ?? fallback;
    },

    /** A list separated by commas, without repetitions; null when unset or when an element is wrong. */
    list<T>(name: VariableName, parse: (element: string) => T | undefined, expected: string): T[] | null {
      const text = raw(name);
      if (text === null) return null;
      const values: T[] = [];
      for (const element of text.split(',')) {
        const value = parse(element.trim());
        if (value === undefined) {
          refuse(name, expected);
          return null;
        }
        if (!values.includes(value)) values.push(value);
      }
      return values;
    },

    /** An http(s) URL; null when unset or wrong. */
    httpUrl(name: VariableName, expected: string): URL | null {
      const text = raw(name);
      if (text === null) return null;
      const url = URL.canParse(text) ? new URL(text) : null;
      if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
      // Not quoted: people paste URLs with passwords in them.
      problems.push(`${name} must be ${expected}.`);
      return null;
    },

    /** A token or secret that travels in a header; null when unset or wrong. Its value is never quoted. */
    secret(name: VariableName, minLength = 1): string | null {
      const text = raw(name);
      if (text === null) return null;
      if (/^[\x21-\x7e]+$/.test(text) && text.length >= minLength) return text;
      const length = minLength > 1 ? ` and at least ${minLength} characters long` : '';
      problems.push(`${name} must be printable ASCII without spaces${length}.`);
      return null;
    },
  };
}

export type EnvironmentReader = ReturnType<typeof createEnvironmentReader>;

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
