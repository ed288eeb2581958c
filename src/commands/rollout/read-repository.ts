import { createHash } from 'node:crypto';
import { type Answer, refuse } from '../../text/answer.ts';
import type { WorkRepository } from '../../work-item/work-item.ts';
import type { RolloutContext } from '../command.ts';

/** The repository that the first word names, or why there is none. */
export async function readRepository(context: RolloutContext): Promise<WorkRepository | Answer> {
  const { words, verb, findRepository } = context;
  const [fullName = ''] = words;
  if (!/^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9._-]{1,100}$/.test(fullName)) {
    return {
      ...refuse('not_understood', `Name the repository: \`/rollout ${verb.usage}\`.`),
      quoted: words.join(' '),
    };
  }
  const repository = await findRepository(fullName);
  if (repository) return repository;
  return refuse(
    'repository_unknown',
    `The App does not serve a repository \`${fullName}\`.`,
    'Install the App on it first, or check the spelling.',
  );
}

/** A repository as an answer names it: where the world reads along, a private one has no name. */
export function nameRepository(
  { isPublic }: Pick<RolloutContext, 'isPublic'>,
  repository: WorkRepository,
): string {
  if (!isHidden({ isPublic }, repository)) return `\`${repository.fullName}\``;
  const hash = createHash('sha256').update(String(repository.id)).digest('hex').slice(0, 8);
  return `private repository \`${hash}\``;
}

/** Whether an answer in this place keeps the repository's name to itself. */
export function isHidden(
  { isPublic }: Pick<RolloutContext, 'isPublic'>,
  { isPrivate }: WorkRepository,
): boolean {
  return isPublic && isPrivate;
}
