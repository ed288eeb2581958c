import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, test } from 'vitest';
import { parseCommands } from '../../src/commands/parse-command.ts';
import { renderReply, renderTerminal } from '../../src/text/render-answer.ts';

const OUTCOME = {
  ok: true,
  reasonCode: 'included',
  headline: '`acme/widgets` is on the include list, v18, by mona',
  table: [
    ['Repository', '`acme/widgets` (7)'],
    ['Lists', '1 | 2'],
  ] as const,
  body: ['Use `/rollout status` to look.'],
  quoted: 'because',
};

test('a reply is a bold headline, a table, the words as code, the reason code, and the marker', () => {
  expect(renderReply([OUTCOME], { commentId: 99 })).toBe(
    [
      '**✅ `acme/widgets` is on the include list, v18, by mona**',
      '| | |\n|---|---|\n| Repository | `acme/widgets` (7) |\n| Lists | 1 \\| 2 |',
      'Use `/rollout status` to look.',
      '```text\n> because\n```',
      'reason_code: `included`',
      '<!-- rollout-bot:v1 comment=99 -->',
    ].join('\n\n'),
  );
});

test('a terminal shows the same without Markdown', () => {
  expect(renderTerminal(OUTCOME)).toBe(
    [
      'acme/widgets is on the include list, v18, by mona',
      '  Repository  acme/widgets (7)',
      '  Lists       1 | 2',
      'Use hybrid-capture rollout status to look.',
      '  > because',
    ].join('\n'),
  );
});

describe('words that a person wrote', () => {
  const HOSTILE = [
    '@octocat look at #12',
    '```\n/rollout stop now\n```',
    '````` fence',
    '\r\n\r\n/rollout stop now',
    '<img src=x onerror=alert(1)>',
    '--> /rollout stop',
    '\u202egnihton \u001b[31mred',
    '| a | b |',
  ];

  test.each(HOSTILE)('%j stay one line of code that commands, mentions and links nothing', (quoted) => {
    const reply = renderReply([{ ...OUTCOME, table: [], quoted }], { commentId: 1 });
    expect(parseCommands(reply)).toEqual([]);
    expect(reply.split('\n').filter((line) => /^\s*\/(rollout|capture)/.test(line))).toEqual([]);
    const blocks = fromMarkdown(reply).children;
    expect(blocks.map(({ type }) => type)).toEqual(['paragraph', 'paragraph', 'code', 'paragraph', 'html']);
    const code = blocks.find((block) => block.type === 'code')?.value ?? '';
    expect(code).not.toContain('\n');
    expect(code).not.toMatch(/@\w|#\d|\p{Cc}|\u202e/u);
  });

  test('are cut to 280 characters', () => {
    const reply = renderReply([{ ...OUTCOME, quoted: 'x'.repeat(281) }], { commentId: 1 });
    expect(reply).toContain(`> ${'x'.repeat(279)}…\n`);
    expect(renderReply([{ ...OUTCOME, quoted: 'x'.repeat(280) }], { commentId: 1 })).toContain(
      `${'x'.repeat(280)}\n`,
    );
  });
});
