import type { Measurement } from './figure.ts';

/** The table, as Markdown; `about` tells under it what it was measured on. */
export function renderTable(measurements: readonly Measurement[], about: readonly string[]): string {
  const lines = [
    '| figure | measured | target | |',
    '|---|---|---|---|',
    ...measurements.map(
      ({ figure, measured, target, isReached }) =>
        `| ${[figure, measured, target, isReached ? '✅' : '❌'].map(escapeCell).join(' | ')} |`,
    ),
    '',
    ...about,
  ];
  return `${lines.join('\n')}\n`;
}

/** A bar would end the cell, a line break the table. */
const escapeCell = (text: string) => text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');

/** A number as a person reads it: `digits` after the point, thousands apart. */
export const readable = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
