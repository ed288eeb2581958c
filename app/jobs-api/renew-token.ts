import type { z } from 'zod';
import type { TokenResponse } from '../../src/jobs-api/protocol.ts';
import type { Call } from './context.ts';
import { giveInstallationToken } from './installation-token.ts';
import { requireRunningSession } from './session.ts';

/** `…/token`: an installation token for the rest of the run, before the first one's hour is over. */
export const renewToken: Call = async (context, request): Promise<z.infer<typeof TokenResponse>> => {
  const { job } = await requireRunningSession(context, context.db, request);
  return giveInstallationToken(context, job);
};
