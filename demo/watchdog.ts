/** Sees that the story goes on. */
export interface Watchdog {
  /** Aborted when the story is to end: by a signal, or because nothing changed for too long. */
  signal: AbortSignal;
  /** Tells what state things are in; the time counts from the last state that was new. */
  see(state: string): void;
  end(): void;
}

/** Nothing in the demo takes this long without a sign of life; a workflow run heartbeats every minute. */
const PATIENCE_MS = 120_000;

/** Aborts `stop`, with the last state as the reason, when that state has not changed for `patienceMs`. */
export function createWatchdog(stop: AbortController, patienceMs = PATIENCE_MS): Watchdog {
  let last = 'the start';
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const seconds = Math.round(patienceMs / 1000);
      stop.abort(
        new Error(
          `nothing changed for ${seconds} seconds (${last}). LOG_LEVEL=info shows what the app does.`,
        ),
      );
    }, patienceMs);
  };
  arm();
  return {
    signal: stop.signal,
    see(state) {
      if (state === last) return;
      last = state;
      arm();
    },
    end: () => clearTimeout(timer),
  };
}
