import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface DatabaseLine {
  /** Of the database, by way of the line. */
  url: string;
  cut(): void;
  /** What is connected stays so, and nothing comes through any more; what connects later is well. */
  freeze(): void;
  mend(): void;
  /** How often the client has begun to speak, at the beginning or after an answer. */
  flights(): number;
  close(): Promise<void>;
}

/** The way to a database, which can be cut. */
export async function startLine(target: URL): Promise<DatabaseLine> {
  const ends = new Set<Socket>();
  let isCut = false;
  let flights = 0;
  const server = createServer((from) => {
    if (isCut) {
      from.destroy();
      return;
    }
    const to = connect(Number(target.port), target.hostname);
    let isAnswered = true;
    from.on('data', () => {
      if (isAnswered) flights += 1;
      isAnswered = false;
    });
    to.on('data', () => {
      isAnswered = true;
    });
    for (const [end, other] of [
      [from, to],
      [to, from],
    ] as const) {
      ends.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const drop = () => {
    for (const end of ends) end.destroy();
  };
  return {
    url: url.href,
    freeze() {
      for (const end of ends) end.unpipe().pause();
    },
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    flights: () => flights,
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
