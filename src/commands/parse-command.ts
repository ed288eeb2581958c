import type { PhrasingContent, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

const COMMAND_NAMES = ['rollout', 'capture'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** One command line of a comment. `problem` says why a line that is meant for us can't be obeyed. */
export type ParsedCommand =
  | { index: number; name: CommandName; verb: string | null; args: string[] }
  | { index: number; name: CommandName; problem: CommandProblem };

export type CommandProblem = 'hidden_characters' | 'not_plain_text' | 'unbalanced_quotes';

/**
 * Characters at the beginning of a comment in which commands are looked for. GitHub allows 65,536, but reading
 * hostile Markdown takes time that grows with the square of its length: 47 s were measured for the whole, 0.15 s for this.
 */
const MAX_SEARCHED = 4_096;

/**
 * Finds the slash commands of a comment, in their order.
 * A command is a line of a top-level paragraph whose first token is exactly `/rollout` or `/capture`, as GitHub shows
 * it: not in quotes, lists, tables, headings, code, links or HTML. Arguments are separated by white space;
 * double quotes keep one together. Commands stand in the first 4,096 characters; later ones are not seen.
 */
export function parseCommands(body: string): ParsedCommand[] {
  const text = cutAtBlock(body.replace(/\r\n?/g, '\n').replaceAll('\u00a0', ' '));
  if (!/\/(rollout|capture)/.test(text)) return [];
  const commands: ParsedCommand[] = [];
  let openTags = 0;
  for (const node of fromMarkdown(text).children) {
    if (node.type === 'html') openTags = countOpenTags(node.value, openTags);
    if (node.type !== 'paragraph' || openTags > 0) continue;
    for (const line of paragraphLines(node)) {
      const command = parseLine(line, commands.length);
      if (command) commands.push(command);
    }
  }
  return commands;
}

/** The beginning of a long text, up to its last blank line, or else its last line end. */
function cutAtBlock(text: string): string {
  if (text.length <= MAX_SEARCHED) return text;
  const begin = text.slice(0, MAX_SEARCHED);
  const end = begin.lastIndexOf('\n\n');
  return begin.slice(0, end >= 0 ? end : begin.lastIndexOf('\n') + 1);
}

/**
 * Splits the arguments of a command; null when a quote is left open. Quotation marks and dashes that a phone has made
 * typographic mean what was typed.
 */
export function splitArguments(text: string): string[] | null {
  const plain = text.replace(/[“”„]/g, '"').replace(/(?<=\s)[–—](?=[a-z])/g, '--');
  const tokens = plain.match(/(?:[^\s"]|"[^"]*")+|"/g) ?? [];
  if (tokens.some((token) => (token.match(/"/g)?.length ?? 0) % 2 === 1)) return null;
  return tokens.map((token) => token.replaceAll('"', ''));
}

/** A piece of a line: text as it stands, text in code or emphasis, or what is no text at all. */
interface Segment {
  kind: 'text' | 'styled' | 'foreign';
  value: string;
}

type Line = Segment[];

function parseLine(line: Line, index: number): ParsedCommand | null {
  const [first, ...others] = line;
  if (first?.kind !== 'text') return null;
  const match = /^\s*\/(?<name>rollout|capture)(?<end>\s|$)/.exec(first.value);
  if (!match || (match.groups?.end === '' && others.length > 0)) return null;
  const name = match.groups?.name as CommandName;
  if (line.some((segment) => segment.kind === 'foreign')) return { index, name, problem: 'not_plain_text' };
  const text = line.map((segment) => segment.value).join('');
  if (/\p{Cf}|(?!\t)\p{Cc}/u.test(text)) return { index, name, problem: 'hidden_characters' };
  const tokens = splitArguments(text);
  if (tokens === null) return { index, name, problem: 'unbalanced_quotes' };
  const [, verb, ...args] = tokens;
  return { index, name, verb: verb?.toLowerCase() ?? null, args };
}

function paragraphLines(paragraph: Extract<RootContent, { type: 'paragraph' }>): Line[] {
  const lines: Line[] = [[]];
  const add = (kind: Segment['kind'], value: string) => {
    const [head = '', ...rest] = value.split('\n');
    if (head !== '') lines.at(-1)?.push({ kind, value: head });
    for (const next of rest) lines.push(next === '' ? [] : [{ kind, value: next }]);
  };
  let openTags = 0;
  const walk = (nodes: PhrasingContent[], kind: 'text' | 'styled') => {
    for (const node of nodes) {
      if (node.type === 'text') add(openTags > 0 ? 'foreign' : kind, node.value);
      else if (node.type === 'inlineCode') add('styled', node.value);
      else if (node.type === 'break') lines.push([]);
      else if (node.type === 'emphasis' || node.type === 'strong') walk(node.children, 'styled');
      else {
        if (node.type === 'html') openTags = countOpenTags(node.value, openTags);
        add('foreign', ' ');
      }
    }
  };
  walk(paragraph.children, 'text');
  return lines.some(isTableDelimiter) ? [] : lines;
}

/** CommonMark knows no tables, GitHub does: a delimiter row makes a table of the lines around it (GFM, section 4.10). */
function isTableDelimiter(line: Line): boolean {
  const text = line.map((segment) => segment.value).join('');
  return /[|:]/.test(text) && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(text);
}

const VOID_TAGS = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i;

/** Elements that are still open after a piece of HTML; what follows is inside of them. Comments hold no tags. */
function countOpenTags(html: string, open: number): number {
  let count = open;
  const tags = html
    .replace(/<!--[\s\S]*?(-->|$)/g, '')
    .matchAll(/<(\/?)([a-z][a-z0-9-]*)(?:"[^"]*"|'[^']*'|[^'"<>])*>/gi);
  for (const [, slash, name = ''] of tags) {
    if (VOID_TAGS.test(name)) continue;
    count = slash === '/' ? Math.max(0, count - 1) : count + 1;
  }
  return count;
}
