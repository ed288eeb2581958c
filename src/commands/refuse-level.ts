import { type Answer, refuse } from '../text/answer.ts';
import type { PermissionLevel } from './permission.ts';

/** Why a level is not enough for a verb. */
export function refuseLevel(
  verb: { verb: string; needs: PermissionLevel },
  level: PermissionLevel | null,
): Answer {
  if (level === null) {
    return refuse(
      'permission_unverified',
      `Your permission could not be verified, so \`${verb.verb}\` was not carried out. Try again.`,
    );
  }
  return refuse(
    'permission_denied',
    `\`${verb.verb}\` needs ${verb.needs} permission here; yours is ${level}.`,
  );
}
