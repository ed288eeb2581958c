import type { Answer } from './answer.ts';
import { neutralizeLog, neutralizeReply } from './neutralize.ts';

/** Longest piece of a person's text that is shown back, in characters. */
const MAX_QUOTED = 280;

/** Longest cell of a folded table. */
const MAX_CELL = 120;

/** Marks the app's own replies. */
const REPLY_MARKER = '<!-- rollout-bot:v1';

/**
 * Answers as the Markdown of one comment: of each a bold headline, table, what the person wrote as a code block, details
 * folded away and reason code; then the footer marker. No line of it starts with a slash command, and nothing in it
 * mentions anybody but the author of the command.
 */
export function renderReply(
  answers: readonly Answer[],
  { commentId }: { commentId: number | string },
): string {
  return [answers.map(renderMarkdown).join('\n\n---\n\n'), replyMarker(commentId)].join('\n\n');
}

/** An answer as Markdown, without the footer. */
export function renderMarkdown(answer: Answer): string {
  const rows = answer.table.map(([label, value]) => `| ${cell(label)} | ${cell(value)} |`);
  return [
    `**${answer.ok ? '✅' : '❌'} ${answer.headline}**`,
    ...(rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]),
    ...answer.body,
    ...(answer.quoted ? [codeBlock(answer.quoted)] : []),
    ...(answer.details && answer.details.rows.length > 0 ? [details(answer.details)] : []),
    `reason_code: \`${answer.reasonCode}\``,
  ].join('\n\n');
}

/** The end of every comment of ours; by it a reply to a command is found again. */
export function replyMarker(commentId: number | string): string {
  return `${REPLY_MARKER} comment=${commentId} -->`;
}

function details({ summary, columns, rows }: NonNullable<Answer['details']>): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(row.map((text) => neutralizeReply(text, MAX_CELL)))),
  ];
  return `<details><summary>${summary}</summary>\n\n${table.join('\n')}\n\n</details>`;
}

/** An answer as plain lines for a terminal, without escape sequences. */
export function renderTerminal(answer: Answer): string {
  const width = Math.max(0, ...answer.table.map(([label]) => plain(label).length));
  return [
    plain(answer.headline),
    ...answer.table.map(([label, value]) => `  ${plain(label).padEnd(width)}  ${plain(value)}`),
    ...answer.body.map(plain),
    ...(answer.details ? terminalTable(answer.details) : []),
    ...(answer.quoted ? [`  > ${neutralizeLog(answer.quoted, MAX_QUOTED)}`] : []),
  ]
    .join('\n')
    .replaceAll('/rollout ', 'hybrid-capture rollout ');
}

function terminalTable({ columns, rows }: NonNullable<Answer['details']>): string[] {
  const cells = [columns, ...rows].map((row) => row.map((text) => neutralizeLog(text, MAX_CELL)));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** In a table's cell a bar ends the cell, inside code too. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The words in a fence that is longer than any run of backticks in them; GitHub makes no mentions or references there. */
function codeBlock(text: string): string {
  const line = neutralizeLog(text, MAX_QUOTED);
  const longest = Math.max(2, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n> ${line.replace(/[@#]/g, '$&\u200b')}\n${fence}`;
}

/** The answer's texts are ours and hold inline code at most. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
