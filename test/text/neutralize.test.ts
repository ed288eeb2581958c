import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, test } from 'vitest';
import {
  neutralizeAnnotation,
  neutralizeLog,
  neutralizePage,
  neutralizeReply,
  neutralizeSummary,
} from '../../src/text/neutralize.ts';

/** Text as a stranger would write it: any characters, with the dangerous ones drawn often. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '::',
        ':',
        '##[',
        '##',
        '#',
        '[',
        '\n',
        '\r',
        '\u2028',
        '\u0085',
        '\0',
        '\u001b',
        '\u009b',
      ),
      fc.constantFrom(
        '\u001b[31m',
        '\u001b]0;title\u0007',
        '@',
        '|',
        '`',
        '<',
        '>',
        '&',
        '\\',
        '*',
        '_',
        '~',
        '$',
        '!',
      ),
      fc.constantFrom(
        'error',
        'set-output name=x',
        'octocat',
        '12',
        'GH-',
        'www.',
        'https://',
        '- ',
        '1. ',
        '/',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be gone
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('neutralizeLog', () => {
  test.each([
    ['::error::You were hacked', ': :error: :You were hacked'],
    ['Fix\n::set-output name=complete::true', 'Fix : :set-output name=complete: :true'],
    ['Fix\r\n  ::add-mask::a', 'Fix : :add-mask: :a'],
    ['a:::b', 'a: : :b'],
    ['text ##[error]boom', 'text ## [error]boom'],
    ['###[group]x', '### [group]x'],
    ['#\u001b[0m#[error]x', '## [error]x'],
    [':\u0000:error::x', ': :error: :x'],
    [':\u200b:error::x', ': :error: :x'],
    ['\u001b[31mred\u001b[0m and \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007', 'red and link'],
    ['\u009b31mred', 'red'],
    ['a\u2028b\u2029c\u0085d\ve\tf', 'a b c d e f'],
    ['evil \u202egnp.exe', 'evil gnp.exe'],
    ['lone \ud800 surrogate', 'lone \ufffd surrogate'],
    ['std::vector of 日本語 👩‍💻', 'std: :vector of 日本語 👩‍💻'],
    ['100% of it, 50%25', '100% of it, 50%25'],
    ['', ''],
  ])('%j', (text, expected) => {
    expect(neutralizeLog(text)).toBe(expected);
  });

  test('cuts by characters, at the limit and beyond it', () => {
    expect(neutralizeLog('x'.repeat(500))).toBe('x'.repeat(500));
    expect(neutralizeLog('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`);
    expect(neutralizeLog('👍👍👍', 3)).toBe('👍👍👍');
    expect(neutralizeLog('👍👍👍👍', 3)).toBe('👍👍…');
  });

  test('whatever the text, it is one line that holds no command', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const line of [neutralizeLog(text), neutralizeAnnotation(text), neutralizeLog(text, 7)]) {
          expect(line).not.toMatch(CONTROL);
          expect(line).not.toContain('::');
          expect(line).not.toContain('##[');
          expect(line.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('neutralizeAnnotation', () => {
  test('allows longer text than a log line', () => {
    expect(neutralizeAnnotation(`::error::${'x'.repeat(2_000)}`)).toMatch(/^: :error: :x+…$/);
    expect(neutralizeAnnotation('x'.repeat(1_000))).toHaveLength(1_000);
  });
});

describe('neutralizeSummary', () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['thanks @octocat and @org/team', 'thanks @\u200boctocat and @\u200borg/team'],
    ['fixes #12, o/r#34, GH-56', 'fixes \\#\u200b12, o/r\\#\u200b34, GH-\u200b56'],
    ['[click](https://evil.example)', '\\[click\\](https:\u200b//evil.example)'],
    ['see www.evil.example', 'see www\u200b.evil.example'],
    ['a | b', 'a \\| b'],
    ['back\\|slash', 'back\\\\\\|slash'],
    ['`code` and ```', '\\`code\\` and \\`\\`\\`'],
    ['line\n\n# heading', 'line \\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['&lt;b&gt;', '&amp;lt;b&amp;gt;'],
    ['![x](y)', '\\!\\[x\\](y)'],
  ])('%j', (text, expected) => {
    expect(neutralizeSummary(text)).toBe(expected);
  });

  test('whatever the text, GitHub shows it as plain text: no link, mention, reference, HTML or table cell', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const escaped of [neutralizeSummary(text), neutralizeReply(text)]) {
          const { children } = fromMarkdown(escaped);
          expect(children.length).toBeLessThanOrEqual(1);
          for (const block of children) {
            expect(block.type).toBe('paragraph');
            if (block.type !== 'paragraph') return;
            expect(block.children.map((child) => child.type)).toEqual(['text']);
            const [shown] = block.children;
            // What GitHub's filters would look for in the finished page.
            expect(shown?.type === 'text' ? shown.value : '').not.toMatch(
              /@[\w-]|#\d|GH-\d|:\/\/|www\.|mailto:\w/i,
            );
          }
          expect(escaped).not.toMatch(CONTROL);
          // A cell ends at a pipe with an even number of backslashes before it.
          expect(escaped).not.toMatch(/(?<!\\)(?:\\\\)*\|/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('neutralizeReply', () => {
  test('starts no slash command', () => {
    expect(neutralizeReply('/rollout stop')).toBe('\u200b/rollout stop');
    expect(neutralizeReply('\n/rollout stop')).toBe('\u200b/rollout stop');
    expect(neutralizeReply('a/b')).toBe('a/b');
  });

  test('neutralises Markdown as a summary does', () => {
    expect(neutralizeReply('@octocat <b>hi</b> #1')).toBe('@\u200boctocat &lt;b&gt;hi&lt;/b&gt; \\#\u200b1');
  });
});

describe('a page', () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ["\" onload='x' &amp;", '&quot; onload=&#39;x&#39; &amp;amp;'],
    ['two\nlines\u202e and \u001b[31mred', 'two lines and red'],
    ['abcdef', 'abc…', 4],
  ] as [string, string, number?][])('%j', (text, expected, maxLength) => {
    expect(neutralizePage(text, maxLength)).toBe(expected);
  });
});
