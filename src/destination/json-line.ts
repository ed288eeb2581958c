/**
 * One NDJSON line with its line feed. U+2028 and U+2029 are legal inside JSON strings, yet many readers (Node's readline
 * among them) end a line there, so they are escaped.
 */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029')}\n`;
}
