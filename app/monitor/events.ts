import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppLog } from '../log.ts';
import type { Html } from './html.ts';

/** What a page shows now, by section. Null: it is not there (any more), or not for this person. */
export type ReadSections = () => Promise<ReadonlyMap<string, Html> | null>;

const LOOK_EVERY_MS = 2_000;
/** After this the browser connects again, and is asked anew who it is. */
const LIFE_MS = 5 * 60_000;
const MAX_STREAMS = 200;

/**
 * Live updates as server-sent events: the sections that have changed since the page was made, and every 2 s a sign that
 * they are looked at. A page that hears nothing for 15 s says so to its reader.
 */
export function createEvents(log: AppLog) {
  const streams = new Set<{ end: () => void }>();
  return {
    async open(request: IncomingMessage, response: ServerResponse, read: ReadSections): Promise<void> {
      if (streams.size >= MAX_STREAMS) {
        response.writeHead(503, { 'retry-after': '30', 'cache-control': 'no-store' }).end();
        return;
      }
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // nginx would keep it back.
        'x-accel-buffering': 'no',
      });
      const sent = new Map<string, string>();
      let timer: NodeJS.Timeout | undefined;
      let isOpen = true;
      const stream = {
        end: () => {
          if (!isOpen) return;
          isOpen = false;
          clearTimeout(timer);
          streams.delete(stream);
          response.end();
        },
      };
      streams.add(stream);
      request.on('close', stream.end);
      const life = setTimeout(stream.end, LIFE_MS);
      response.on('close', () => {
        clearTimeout(life);
        stream.end();
      });
      const write = (event: string, data: unknown) => {
        response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      };
      const look = async () => {
        try {
          const sections = await read();
          if (!isOpen) return;
          if (sections === null) return stream.end();
          const changed = [...sections].filter(([id, { text }]) => sent.get(id) !== text);
          for (const [id, { text }] of changed) sent.set(id, text);
          write('sections', {
            at: new Date().toISOString(),
            sections: Object.fromEntries(changed.map(([id, { text }]) => [id, text])),
          });
        } catch (err) {
          log.warn({ err }, 'Live updates of the monitor could not be read.');
          if (isOpen) write('trouble', { at: new Date().toISOString() });
        }
        // A reader that is slow is waited for, not written at.
        if (isOpen && !response.writableNeedDrain) timer = setTimeout(look, LOOK_EVERY_MS);
        else if (isOpen) response.once('drain', look);
      };
      await look();
    },
    /** Ends all of them: the app closes. */
    close: (): void => {
      for (const stream of [...streams]) stream.end();
    },
  };
}
