import { neutralizeLog } from '../text/neutralize.ts';
import type { CommandOutcome } from './command-outcome.ts';

/** Longest piece of a person's text that is shown back, in characters. */
const MAX_QUOTED = 280;

/** Marks the app's own replies. */
const REPLY_MARKER = '<!-- rollout-bot:v1';

/**
 * An outcome as the Markdown of one comment: bold headline, table, what the person wrote as a code block, reason code,
 * footer marker. No line of it starts with a slash command, and nothing in it mentions anybody.
 */
export function renderReply(outcome: CommandOutcome, { commentId }: { commentId: number }): string {
  const rows = outcome.table.map(([label, value]) => `| ${cell(label)} | ${cell(value)} |`);
  return [
    `**${outcome.ok ? '✅' : '❌'} ${outcome.headline}**`,
    ...(rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]),
    ...outcome.body,
    ...(outcome.quoted ? [codeBlock(outcome.quoted)] : []),
    `reason_code: \`${outcome.reasonCode}\``,
    `${REPLY_MARKER} comment=${commentId} -->`,
  ].join('\n\n');
}

/** An outcome as plain lines for a terminal, without escape sequences. */
export function renderTerminal(outcome: CommandOutcome): string {
  const width = Math.max(0, ...outcome.table.map(([label]) => plain(label).length));
  return [
    plain(outcome.headline),
    ...outcome.table.map(([label, value]) => `  ${plain(label).padEnd(width)}  ${plain(value)}`),
    ...outcome.body.map(plain),
    ...(outcome.quoted ? [`  > ${neutralizeLog(outcome.quoted, MAX_QUOTED)}`] : []),
  ]
    .join('\n')
    .replaceAll('/rollout ', 'hybrid-capture rollout ');
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

/** The outcome's texts are ours and hold inline code at most. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
