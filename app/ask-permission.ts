import { type PermissionLevel, permissionLevel } from '../src/commands/permission.ts';
import { askOnce, type Octokit } from './github-app.ts';

/** A person's access to a repository, asked anew. Null: it could not be verified. */
export async function askPermission(
  octokit: Octokit,
  place: { owner: string; repo: string },
  person: { id: number; login: string },
): Promise<PermissionLevel | null> {
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
      ...place,
      username: person.login,
      request: askOnce(),
    });
    // A login can be another person's by now.
    const isSamePerson = !data.user || data.user.id === person.id;
    return isSamePerson ? permissionLevel(data) : null;
  } catch {
    return null;
  }
}
