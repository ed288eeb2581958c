import { neutralizePage } from '../../src/text/neutralize.ts';

/** Finished HTML. Only `html` and `raw` make it, so that a text can't be taken for it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | null | false | readonly Part[];

/** A template whose values are neutralised, unless they are HTML themselves; null and false are nothing. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(
    strings
      .map((string, index) => string + (index < values.length ? render(values[index] ?? null) : ''))
      .join(''),
  );
}

/** Text of ours, never anybody else's. */
export function raw(text: string): Html {
  return new Html(text);
}

/** A text of GitHub's or a person's that may be longer than a name. */
export function long(text: string, maxLength = 1_000): Html {
  return new Html(neutralizePage(text, maxLength));
}

function render(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'number') return part.toLocaleString('en');
  if (typeof part === 'string') return neutralizePage(part);
  return part.map(render).join('');
}
