import { type Html, html, type Part, raw } from './html.ts';
import { table } from './render-parts.ts';

/** Drawn at this size and scaled to its card: text stays readable at 330 CSS pixels. */
const WIDTH = 340;
const HEIGHT = 150;
const MARGIN = { left: 38, right: 6, top: 8, bottom: 20 };
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };

export interface ChartFrame {
  id: string;
  /** What a screen reader says in place of the picture. */
  summary: string;
  /** Beginnings of the columns. */
  starts: readonly Date[];
  /** Largest value that is drawn. */
  max: number;
  /** A value of the left axis, as it is written. */
  format: (value: number) => string;
  /** All values once more, for those who can't see the picture. */
  values: { columns: readonly string[]; rows: readonly (readonly string[])[] };
  legend: readonly { label: string; className: string }[];
}

/** Bars that stand on each other. */
export function renderBars(
  frame: ChartFrame,
  series: readonly { className: string; values: readonly number[] }[],
): Html {
  const slot = INNER.width / frame.starts.length;
  const bars = frame.starts.map((_, index) => {
    let below = 0;
    return series.map(({ className, values }) => {
      const value = values[index] ?? 0;
      if (value === 0) return null;
      const height = Math.max(1, (value / frame.max) * INNER.height);
      below += height;
      return html`<rect class="${className}" x="${px(MARGIN.left + index * slot + 1)}" y="${px(MARGIN.top + INNER.height - below)}" width="${px(slot - 2)}" height="${px(height)}"/>`;
    });
  });
  return renderFrame(frame, bars);
}

/** Lines with an optional band around them; null: no value, and the line is broken there. */
export function renderLines(
  frame: ChartFrame,
  series: readonly {
    className: string;
    values: readonly (number | null)[];
    band?: readonly ({ low: number; high: number } | null)[];
  }[],
): Html {
  const slot = INNER.width / frame.starts.length;
  const x = (index: number) => MARGIN.left + (index + 0.5) * slot;
  const y = (value: number) => MARGIN.top + INNER.height * (1 - Math.min(1, Math.max(0, value / frame.max)));
  const marks = series.map(({ className, values, band }) => [
    (band ?? []).map((one, index) =>
      one
        ? html`<rect class="band ${className}" x="${px(x(index) - slot / 2)}" width="${px(slot)}" y="${px(y(one.high))}" height="${px(Math.max(1, y(one.low) - y(one.high)))}"/>`
        : null,
    ),
    findStretches(values).map(
      (stretch) =>
        html`<polyline class="line ${className}" points="${raw(stretch.map(([index, value]) => `${px(x(index))},${px(y(value))}`).join(' '))}"/>`,
    ),
    values.map((value, index) =>
      value === null
        ? null
        : html`<circle class="dot ${className}" cx="${px(x(index))}" cy="${px(y(value))}" r="2"/>`,
    ),
  ]);
  return renderFrame(frame, marks);
}

function renderFrame(frame: ChartFrame, marks: Part): Html {
  const { id, starts, max, format, legend, summary, values } = frame;
  const lines = [0, 0.5, 1].map((share) => {
    const y = MARGIN.top + INNER.height * (1 - share);
    return html`<line class="grid" x1="${px(MARGIN.left)}" x2="${px(WIDTH - MARGIN.right)}" y1="${px(y)}" y2="${px(y)}"/><text class="axis" text-anchor="end" x="${px(MARGIN.left - 4)}" y="${px(y + 4)}">${format(max * share)}</text>`;
  });
  const slot = INNER.width / starts.length;
  const hours = starts.map((start, index) => {
    if ((starts.length - 1 - index) % 6 !== 0) return null;
    const x = MARGIN.left + (index + 0.5) * slot;
    return html`<text class="axis" text-anchor="middle" x="${px(Math.min(x, WIDTH - 16))}" y="${px(HEIGHT - 5)}" data-hour="${start.toISOString()}">${start.toISOString().slice(11, 16)}</text>`;
  });
  const items = legend.map(
    ({ label, className }) =>
      html`<li><span class="key ${className}" aria-hidden="true"></span>${label}</li>`,
  );
  return html`<figure class="chart">
<svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-labelledby="${id}-summary"><title id="${id}-summary">${summary}</title>
${lines}${hours}${marks}</svg>
<figcaption><ul class="legend">${items}</ul></figcaption>
<details data-key="${id}-values"><summary>Values</summary>${table(`Values: ${summary}`, values.columns, values.rows)}</details>
</figure>`;
}

function findStretches(values: readonly (number | null)[]): [index: number, value: number][][] {
  const stretches: [number, number][][] = [];
  let current: [number, number][] | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      current = null;
      continue;
    }
    if (current === null) {
      current = [];
      stretches.push(current);
    }
    current.push([index, value]);
  }
  return stretches.filter((stretch) => stretch.length > 1);
}

/** The next round number: one figure and zeros. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
