import { styleText } from 'node:util';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import type { Screen } from '../terminal.ts';
import { describeChanges } from './describe-changes.ts';
import type { Watched } from './read-watched.ts';
import { type Line, renderWatched } from './render-watched.ts';

/** One of the ways in which `watch` shows what it sees. */
export interface View {
  show: (watched: Watched) => void;
  /** The database can't be read just now. */
  showAway: (reason: string, at: Date) => void;
  /** Leaves the terminal as it was. */
  end: () => void;
}

/** One JSON object a look. */
export function createJsonView(print: (line: string) => void): View {
  return {
    show: ({ overview, picture: { rollout }, health }) => {
      const { at, counts, underWay, wrong, wrongCount, budgets, repositories } = overview;
      const { state, percentage, phase, phases, strategy, epoch, version, emergencyStop } = rollout;
      const shown = { state, percentage, phase, phases, strategy, epoch, version, emergencyStop };
      print(
        JSON.stringify({
          at,
          health,
          rollout: shown,
          repositories,
          counts,
          underWay,
          wrong,
          wrongCount,
          budgets,
        }),
      );
    },
    showAway: (error, at) => print(JSON.stringify({ at, error })),
    end: () => {},
  };
}

/** A line for each change, for pipes and files. */
export function createLineView(print: (line: string) => void): View {
  let before: Watched | null = null;
  let away: string | null = null;
  const tell = (at: Date, text: string) => print(`${at.toISOString().slice(0, 19)}Z ${text}`);
  return {
    show(watched) {
      const { at } = watched.overview;
      if (away !== null) tell(at, 'the database can be read again');
      for (const change of describeChanges(before, watched)) tell(at, change);
      before = watched;
      away = null;
    },
    showAway(reason, at) {
      if (reason !== away) tell(at, neutralizeLog(reason));
      away = reason;
    },
    end: () => {},
  };
}

const STYLES: Record<Line['style'], Parameters<typeof styleText>[0]> = {
  plain: [],
  heading: 'bold',
  muted: 'dim',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
};

/**
 * The window of a terminal, drawn anew at each look: on its second page, without a cursor, and with lines cut at the edge
 * (xterm control sequences: DECSET 1049, 25, and DECAWM 7).
 */
const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export function createScreenView(screen: Screen, intervalMs: number): View {
  let last: Watched | null = null;
  let frame: string[] = [];
  screen.write(OPEN);
  const draw = (lines: Line[]) => {
    const columns = screen.columns();
    const rows = Math.max(2, screen.rows());
    const foot: Line = { text: `every ${intervalMs / 1_000} s; Ctrl-C ends`, style: 'muted' };
    const hidden = lines.length - (rows - 1);
    const shown =
      hidden <= 0
        ? lines
        : [
            ...lines.slice(0, rows - 2),
            { text: `${hidden + 1} more lines: enlarge the window`, style: 'muted' } as const,
          ];
    frame = [...shown, foot].map(({ text, style }) => {
      const characters = [...text];
      const cut = characters.length > columns ? `${characters.slice(0, columns - 1).join('')}…` : text;
      return screen.hasColors ? styleText(STYLES[style], cut, { validateStream: false }) : cut;
    });
    screen.write(`${HOME}${frame.map((line) => `${CLEAR_LINE}${line}`).join('\n')}${CLEAR_BELOW}`);
  };
  return {
    show(watched) {
      last = watched;
      draw(renderWatched(watched, { columns: screen.columns() }));
    },
    showAway(reason, at) {
      const seen = last ? renderWatched(last, { columns: screen.columns() }) : [];
      draw([
        { text: `${neutralizeLog(reason)} (${at.toISOString().slice(11, 19)} UTC)`, style: 'bad' },
        ...seen,
      ]);
    },
    // What was seen last stays readable.
    end: () =>
      screen.write(
        `${CLOSE}${frame
          .slice(0, -1)
          .map((line) => `${line}\n`)
          .join('')}`,
      ),
  };
}
