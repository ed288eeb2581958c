/** What the demo writes, in one place: numbered stages, lines, one line of progress that is written over on a terminal. */
export interface Terminal {
  stage(title: string): void;
  line(text?: string): void;
  /** Replaces the last progress line on a terminal; elsewhere at most one line in two seconds is written. */
  progress(text: string): void;
  table(title: string, header: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
}

const PROGRESS_EVERY_MS = 2_000;

export function createTerminal(out: NodeJS.WriteStream = process.stdout): Terminal {
  let stages = 0;
  let isOverwriting = false;
  let lastProgressMs = 0;
  let lastProgress = '';
  const line = (text = '') => {
    if (isOverwriting) out.write('\r\u001b[2K');
    isOverwriting = false;
    out.write(`${text}\n`);
  };
  return {
    line,
    stage(title) {
      stages += 1;
      line(`\n${stages}. ${title}`);
    },
    progress(text) {
      if (text === lastProgress) return;
      lastProgress = text;
      if (out.isTTY) {
        out.write(`\r\u001b[2K   ${text.slice(0, out.columns - 4)}`);
        isOverwriting = true;
      } else if (Date.now() - lastProgressMs >= PROGRESS_EVERY_MS) {
        lastProgressMs = Date.now();
        line(`   ${text}`);
      }
    },
    table(title, header, rows) {
      const cells = [header, ...rows].map((row) => row.map((cell) => format(cell)));
      const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
      line(`\n   ${title}`);
      for (const [index, row] of cells.entries()) {
        const padded = row.map((cell, column) => {
          const width = widths[column] ?? 0;
          return typeof rows[0]?.[column] === 'number' ? cell.padStart(width) : cell.padEnd(width);
        });
        line(`   ${padded.join('  ').trimEnd()}`);
        if (index === 0) line(`   ${widths.map((width) => '─'.repeat(width)).join('  ')}`);
      }
    },
  };
}

function format(cell: string | number): string {
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}
