import process from 'node:process';

/** Tells the parent where this process listens, and its memory whenever it is asked. */
export function report(url: string): void {
  process.on('message', () => {
    // Of what lives, not of what waits to be collected.
    globalThis.gc?.();
    process.send?.({ rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed });
  });
  process.send?.({ url });
}
