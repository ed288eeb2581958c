/** GitHub's levels of access to a repository, rising. */
export const PERMISSION_LEVELS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const;
export type PermissionLevel = (typeof PERMISSION_LEVELS)[number];

/** The part of `GET /repos/{owner}/{repo}/collaborators/{username}/permission` that tells the level. */
export interface CollaboratorPermission {
  /** `admin`, `maintain`, `write`, `triage`, `read`, `none`, or the name of an organisation's custom role. */
  role_name?: string;
  user?: {
    permissions?: {
      admin: boolean;
      maintain?: boolean | undefined;
      push: boolean;
      triage?: boolean | undefined;
      pull: boolean;
    };
  } | null;
}

/**
 * The level that GitHub's answer shows. The flags come first, since a custom role's name says nothing; the answer's
 * old `permission` is never read: it folds maintain into write and triage into read.
 */
export function permissionLevel(answer: CollaboratorPermission): PermissionLevel {
  const flags = answer.user?.permissions;
  if (flags) {
    if (flags.admin) return 'admin';
    if (flags.maintain) return 'maintain';
    if (flags.push) return 'write';
    if (flags.triage) return 'triage';
    return flags.pull ? 'read' : 'none';
  }
  return PERMISSION_LEVELS.find((level) => level === answer.role_name) ?? 'none';
}

/** Whether a level suffices for what a verb needs. Null (it could not be verified) suffices for nothing. */
export function authorize(level: PermissionLevel | null, needed: PermissionLevel): boolean {
  return level !== null && PERMISSION_LEVELS.indexOf(level) >= PERMISSION_LEVELS.indexOf(needed);
}
