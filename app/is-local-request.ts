import type { IncomingMessage } from 'node:http';

/** Whether a browser on this machine asks: by its address, and by the name that it asked for, not through a proxy. */
export function isLocalRequest(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const isLocalName = host === 'localhost' || host === '127.0.0.1' || host === '[::1]';
  const address = request.socket.remoteAddress ?? '';
  const isProxied =
    request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
  return isLocalName && !isProxied && /^(::1|127\.|::ffff:127\.)/.test(address);
}
