import { generateHistory } from '../sandbox/generate.ts';
import { type RunningSandbox, type SandboxOptions, startSandbox } from '../sandbox/github.ts';
import { type Truth, truthOf } from '../sandbox/truth.ts';
import { addRepository } from '../sandbox/world/build.ts';
import type { Repository } from '../sandbox/world/model.ts';
import { createWorld, type World } from '../sandbox/world/world.ts';

/** A made-up history, of which servers can be started. */
export interface History {
  readonly world: World;
  readonly repository: Repository;
  readonly pullRequests: number;
  readonly truth: Truth;
}

export const REPOSITORY = { owner: 'acme', name: 'history' };

export function makeHistory(pullRequests: number, seed: number): History {
  const world = createWorld();
  const repository = addRepository(world, `${REPOSITORY.owner}/${REPOSITORY.name}`);
  generateHistory(world, repository, { pullRequests, seed });
  let truth: Truth | undefined;
  return {
    ...{ world, repository, pullRequests },
    get truth() {
      truth ??= truthOf(repository);
      return truth;
    },
  };
}

/** A local GitHub with its limits on that holds the history, and a token for it that does not expire. */
export async function startGithub(
  { world }: Pick<History, 'world'>,
  options: Pick<SandboxOptions, 'speed' | 'clock' | 'limits'> = {},
): Promise<{ github: RunningSandbox; token: string }> {
  const github = await startSandbox({ ...options, world, limits: { enforce: true, ...options.limits } });
  return { github, token: github.tokens.issueUserToken(world.actor('reader')) };
}
