/**
 * GitHub's text (titles, branch names, logins, error messages) is written by strangers. Before it is shown it goes
 * through the one function here that fits the medium. Each returns a single line without control characters.
 */

/** ECMA-48 escape sequences: CSI (`ESC [ … letter`), OSC (`ESC ] … BEL or ESC \`), and the two-character ones. */
const ANSI_ESCAPE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?/g;

/** White space and everything that a terminal or a runner could take for the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const BREAKS = /[\s\u0000\u0085\u2028\u2029]+/g;

/** C0 and C1 controls, and format characters: invisible ones, and those that reorder the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f]|(?!\u200d)\p{Cf}/gu;

/** Splits what a machine would take for a reference; nobody sees it. */
const ZERO_WIDTH_SPACE = '\u200b';

const ELLIPSIS = '…';

/**
 * For log lines, of the Action and of the app. GitHub's runner obeys `::command::` at the start of a line and
 * `##[command]` anywhere in it (actions/runner, ActionCommand.cs), so both marks are broken by a space wherever they are.
 *
 * @param maxLength longest result in characters (code points); what is cut ends in `…`
 */
export function neutralizeLog(text: string, maxLength = 500): string {
  return cut(toPlainLine(text), maxLength)
    .replace(/:(?=:)/g, ': ')
    .replace(/##(?=\[)/g, '## ');
}

/**
 * For the message or the title of an annotation (`core.error` and its kin). It is shown as plain text, and the runner
 * writes it to the log once more.
 *
 * @param maxLength longest result in characters; annotations are read in a narrow box
 */
export function neutralizeAnnotation(text: string, maxLength = 1_000): string {
  return neutralizeLog(text, maxLength);
}

/**
 * For a job summary: text inside a paragraph, a list item or a table cell of GitHub's Markdown. Mentions nobody,
 * links nothing, refers to no issue, formats nothing. Quotes are left as they are: not for HTML attributes.
 *
 * @param maxLength longest text in characters, before escaping
 */
export function neutralizeSummary(text: string, maxLength = 200): string {
  return escapeMarkdown(cut(toPlainLine(text), maxLength));
}

/**
 * For a comment that the app writes. As in a summary; and the text starts no slash command either, where it happens
 * to begin a line.
 *
 * @param maxLength longest text in characters, before escaping
 */
export function neutralizeReply(text: string, maxLength = 300): string {
  return escapeMarkdown(cut(toPlainLine(text), maxLength)).replace(/^\//, `${ZERO_WIDTH_SPACE}/`);
}

/**
 * For text of an HTML page, between tags or in a quoted attribute (not an address: see `app/monitor/html.ts`).
 *
 * @param maxLength longest text in characters, before escaping
 */
export function neutralizePage(text: string, maxLength = 300): string {
  return cut(toPlainLine(text), maxLength)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function toPlainLine(text: string): string {
  return text.toWellFormed().replace(ANSI_ESCAPE, '').replace(BREAKS, ' ').replace(INVISIBLE, '').trim();
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const characters = Array.from(text);
  if (characters.length <= maxLength) return text;
  return `${characters
    .slice(0, Math.max(0, maxLength - 1))
    .join('')
    .trimEnd()}${ELLIPSIS}`;
}

/**
 * GitHub looks for mentions, references and addresses in the finished HTML, where a backslash or an entity is gone
 * again: those need a character in between. What Markdown itself would read gets a backslash or an entity.
 */
function escapeMarkdown(line: string): string {
  return line
    .replace(/@/g, `@${ZERO_WIDTH_SPACE}`)
    .replace(/#(?=\d)/g, `#${ZERO_WIDTH_SPACE}`)
    .replace(/GH-(?=\d)/gi, (mark) => `${mark}${ZERO_WIDTH_SPACE}`)
    .replace(/:(?=\/\/)/g, `:${ZERO_WIDTH_SPACE}`)
    .replace(/www(?=\.)/gi, (mark) => `${mark}${ZERO_WIDTH_SPACE}`)
    .replace(/mailto:|xmpp:/gi, (mark) => `${mark}${ZERO_WIDTH_SPACE}`)
    .replace(/[\\`*_[\]|~$!#]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}
