import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommands, splitArguments } from '../../src/commands/parse-command.ts';

const STOP = { index: 0, name: 'rollout', verb: 'stop', args: ['now'] };

describe('a command', () => {
  test.each([
    ['alone', '/rollout stop now'],
    ['with spaces around', '  /rollout   stop\tnow  '],
    ['with Windows line ends', 'Hello\r\n\r\n/rollout stop now\r\n'],
    ['with non-breaking spaces', '/rollout\u00a0stop\u00a0now'],
    ['on a later line of a paragraph', 'Please:\n/rollout stop now\nthanks'],
    ['after a hard break', 'Please:  \n/rollout stop now'],
    ['after a heading', '# Stop\n/rollout stop now'],
    ['after a finished HTML block', '<details>\n\nx\n\n</details>\n\n/rollout stop now'],
    ['after an HTML comment', '<!-- a\n\nb -->\n\n/rollout stop now'],
    ['with a verb in capitals', '/rollout STOP now'],
  ])('%s is found', (_, body) => {
    expect(parseCommands(body)).toEqual([STOP]);
  });

  test('without a verb is one', () => {
    expect(parseCommands('/rollout')).toEqual([{ index: 0, name: 'rollout', verb: null, args: [] }]);
  });

  test('keeps what stands in double quotes together', () => {
    expect(parseCommands('/rollout include a/b --reason "too many \\_words_" --if-version=3')).toEqual([
      {
        index: 0,
        name: 'rollout',
        verb: 'include',
        args: ['a/b', '--reason', 'too many _words_', '--if-version=3'],
      },
    ]);
  });

  test('may hold emphasis and code in its arguments', () => {
    expect(parseCommands('/rollout include `acme/my__repo__x` *why* not')).toEqual([
      { index: 0, name: 'rollout', verb: 'include', args: ['acme/my__repo__x', 'why', 'not'] },
    ]);
  });

  test('keeps underscores of a name', () => {
    expect(parseCommands('/rollout include acme/my_repo_name')[0]).toMatchObject({
      args: ['acme/my_repo_name'],
    });
  });

  test('is one of several, in their order', () => {
    expect(parseCommands('/rollout status\n/capture verify\n\ntext\n\n/rollout stop now')).toEqual([
      { index: 0, name: 'rollout', verb: 'status', args: [] },
      { index: 1, name: 'capture', verb: 'verify', args: [] },
      { ...STOP, index: 2 },
    ]);
  });
});

describe('no command is', () => {
  test.each([
    ['quoted', '> /rollout stop now'],
    ['a lazy line of a quote', '> see\n/rollout stop now'],
    ['fenced code', '```\n/rollout stop now\n```'],
    ['fenced code that never ends', '```\n/rollout stop now'],
    ['indented code', '    /rollout stop now'],
    ['inline code', '`/rollout stop now`'],
    ['inline code over two lines', 'a `b\n/rollout stop now`'],
    ['a heading', '# /rollout stop now'],
    ['an underlined heading', '/rollout stop now\n---'],
    ['a list', '- /rollout stop now'],
    ['a lazy line of a list', '- see\n/rollout stop now'],
    ['a numbered list', '1. /rollout stop now'],
    ['the head of a table', '/rollout stop now | b\n--- | ---\nc | d'],
    ['the body of a table', 'a | b\n:-- | --\n/rollout stop now | d'],
    ['a link', '[/rollout stop now](https://example.com)'],
    ['emphasis', '*/rollout stop now*'],
    ['an HTML comment', '<!-- /rollout stop now -->'],
    ['an HTML comment over paragraphs', '<!--\n\n/rollout stop now\n\n-->'],
    ['an HTML block', '<div>\n/rollout stop now\n</div>'],
    ['a paragraph in an open element', '<details>\n\n/rollout stop now\n\n</details>'],
    ['a paragraph in an element with attributes', '<div title="a > b">\n\n/rollout stop now\n\n</div>'],
    ['a definition', '[/rollout]: https://example.com'],
    ['in the middle of a line', 'try /rollout stop now'],
    ['another word', '/rollouts stop now'],
    ['a longer token', '/rollout-x stop now'],
    ['a token that ends in code', '/rollout`stop` now'],
    ['a token that ends in emphasis', '/roll**out** stop now'],
    ['a token with a hidden character', '/roll\u200bout stop now'],
    ['a token after a hidden character', '\u200b/rollout stop now'],
    ['in capitals', '/ROLLOUT stop now'],
    ['escaped', '\\\\/rollout stop now'],
    ['nothing', ''],
  ])('%s', (_, body) => {
    expect(parseCommands(body)).toEqual([]);
  });
});

describe('a command line is refused', () => {
  test.each([
    ['right-to-left override', '/rollout include a/b\u202e', 'hidden_characters'],
    ['left-to-right isolate', '/rollout include \u2066a/b', 'hidden_characters'],
    ['zero-width space', '/rollout include a\u200b/b', 'hidden_characters'],
    ['zero-width joiner as an entity', '/rollout include a&#8205;/b', 'hidden_characters'],
    ['byte order mark', '/rollout include \ufeffa/b', 'hidden_characters'],
    ['soft hyphen', '/rollout include a\u00ad/b', 'hidden_characters'],
    ['tag characters', '/rollout include a/b\u{e0041}', 'hidden_characters'],
    ['control character', '/rollout include a/b\u0007', 'hidden_characters'],
    ['link', '/rollout include [acme/good](https://example.com)', 'not_plain_text'],
    ['image', '/rollout include ![a](b)', 'not_plain_text'],
    ['HTML', '/rollout include <!-- x --> a/b', 'not_plain_text'],
    ['open quote', '/rollout stop "all of it', 'unbalanced_quotes'],
  ])('with a %s', (_, body, problem) => {
    expect(parseCommands(body)).toEqual([{ index: 0, name: 'rollout', problem }]);
  });

  test('inside of an inline element', () => {
    expect(parseCommands('a <b>\n/rollout stop now\n</b>')).toEqual([]);
  });
});

describe('a long comment', () => {
  const log = 'x'.repeat(80);

  test.each([
    ['before a paragraph', `/rollout stop now\n\n${`${log}\n`.repeat(100)}`],
    ['at the beginning of a paragraph', `/rollout stop now\n${`${log}\n`.repeat(100)}`],
    ['just within the limit', `${'x'.repeat(4_096 - 21)}\n\n/rollout stop now\n\n${log}`],
  ])('is obeyed where the command stands %s', (_, body) => {
    expect(parseCommands(body)).toEqual([STOP]);
  });

  test('is not obeyed beyond the limit', () => {
    expect(parseCommands(`${'x'.repeat(4_096)}\n\n/rollout stop now`)).toEqual([]);
    expect(parseCommands(`${'x'.repeat(4_090)}\n/rollout stop now`)).toEqual([]);
  });

  // Markdown of this kind took 47 s before the limit.
  test.each(['*_', '_a*', '[a](', '<a "', '> ', '/rollout status\n'])('full of %j takes no time', (piece) => {
    const begin = performance.now();
    parseCommands(`${piece.repeat(Math.floor(65_000 / piece.length))}\n/rollout stop now`);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});

test('whatever is written, every command that is found can be read in the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const command of parseCommands(`${text}\n\n/rollout status`)) {
        expect(['rollout', 'capture']).toContain(command.name);
      }
    }),
  );
});

test.each([
  ['', []],
  ['a  b', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  ['--reason="a b"', ['--reason=a b']],
  ['""', ['']],
  ['a "b', null],
])('%j splits into %j', (text, expected) => {
  expect(splitArguments(text)).toEqual(expected);
});
