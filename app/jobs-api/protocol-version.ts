import { z } from 'zod';
import { PROTOCOL_VERSION } from '../../src/jobs-api/protocol.ts';
import { RefusedError } from './refused-error.ts';

/** The line of a workflow file that brings an Action which speaks this app's protocol. */
export const USES_LINE = `uses: hybrid-capture/hybrid-capture@v${PROTOCOL_VERSION}`;

/** The app serves its own protocol version and the one before. */
export function isServedProtocol(version: number, served: number = PROTOCOL_VERSION): boolean {
  return version >= Math.max(1, served - 1) && version <= served;
}

/**
 * Refuses with 426 `upgrade_required` when the Action speaks a protocol that this app does not serve. Looked at before the
 * rest of the body, whose shape may differ.
 */
export function requireServedProtocol(body: unknown): void {
  const parsed = z.object({ protocol: z.number().int().positive() }).safeParse(body);
  if (!parsed.success || isServedProtocol(parsed.data.protocol)) return;
  const { protocol } = parsed.data;
  throw new RefusedError(
    'upgrade_required',
    protocol > PROTOCOL_VERSION
      ? `The Action speaks protocol ${protocol}, this app at most ${PROTOCOL_VERSION}. Update the app, or write in the workflow: ${USES_LINE}`
      : `The Action speaks protocol ${protocol}, which this app no longer serves. Write in the workflow: ${USES_LINE}`,
    { headers: { upgrade: `hybrid-capture/${PROTOCOL_VERSION}` } },
  );
}
