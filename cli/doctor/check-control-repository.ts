import { findRepositoryOnGitHub } from '../find-repository-on-github.ts';
import type { Check } from './context.ts';
import { failed, ok, skipped } from './finding.ts';

const CHECK = 'control repository';

/** Where `/rollout` is obeyed, and where people are told of alarms. */
export const controlRepositoryCheck: Check = {
  name: CHECK,
  asks: 'github',
  async run({ app, config }) {
    if (config.control === null) {
      const message = 'CONTROL_REPOSITORY is not set: the rollout is steered in the terminal alone.';
      return [skipped(CHECK, 'no_control_repository', message)];
    }
    if (app === null) return [skipped(CHECK, 'no_credentials', 'GitHub can not be asked.')];
    const place = `${config.control.owner}/${config.control.repo}`;
    if (await findRepositoryOnGitHub(app, place)) return [ok(CHECK, `The App is installed on ${place}.`)];
    return [
      failed(
        CHECK,
        'control_repository_missing',
        `The App is not installed on ${place}, or there is no such repository: nobody can steer the rollout there.`,
        `Install the App on ${place}, and check the spelling of CONTROL_REPOSITORY.`,
      ),
    ];
  },
};
