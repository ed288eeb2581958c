import { placeOnLists } from '../../rollout/rollout-store.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { isHidden, nameRepository, readRepository } from './read-repository.ts';
import { reasonOf } from './reason-of.ts';

export const excludeVerb: RolloutVerb = {
  verb: 'exclude',
  usage: 'exclude <owner/repo> [reason]',
  summary: 'Puts a repository on the exclude list, and takes it off the include list.',
  needs: 'write',
  isWrite: true,
  flags: ['reason', 'if-version', 'dry-run'],
  examples: ['exclude acme/widgets its runs fail'],
  run: async (context) => {
    const repository = await readRepository(context);
    if ('headline' in repository) return repository;
    const name = nameRepository(context, repository);
    return applyChange(context, {
      action: 'exclude',
      reason: reasonOf(context, 1),
      decide: ({ rollout }) => ({
        patch: placeOnLists(rollout, 'exclude', repository.id),
        reasonCode: 'excluded',
      }),
      describe: () => ({
        headline: `${name} is on the exclude list`,
        rows: [
          ['Repository', name],
          ['In the rollout', 'no: its work goes to Inngest'],
        ],
        body: isHidden(context, repository) ? [] : [`Undo: \`/rollout unlist ${repository.fullName}\``],
      }),
      unchanged: {
        reasonCode: 'already_excluded',
        headline: `${name} was on the exclude list before; nothing was changed.`,
      },
    });
  },
};
