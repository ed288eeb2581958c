import { evaluateEnrolment } from '../../rollout/evaluate-enrolment.ts';
import { placeOnLists } from '../../rollout/rollout-store.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { enrolmentRows } from './enrolment-rows.ts';
import { judgeIncrease } from './judge-increase.ts';
import { isHidden, nameRepository, readRepository } from './read-repository.ts';
import { reasonOf } from './reason-of.ts';

export const includeVerb: RolloutVerb = {
  verb: 'include',
  usage: 'include <owner/repo> [reason]',
  summary: 'Puts a repository on the include list, and takes it off the exclude list.',
  needs: 'maintain',
  isWrite: true,
  flags: ['reason', 'force', 'if-version', 'dry-run'],
  examples: ['include acme/widgets', 'include acme/widgets its history waits --if-version 17'],
  run: async (context) => {
    const repository = await readRepository(context);
    if ('headline' in repository) return repository;
    const name = nameRepository(context, repository);
    const reason = reasonOf(context, 1);
    return applyChange(context, {
      action: 'include',
      reason,
      decide: (picture, level) =>
        judgeIncrease(picture, context, { level, reason, gates: ['frozen'] }) ?? {
          patch: placeOnLists(picture.rollout, 'include', repository.id),
          reasonCode: 'included',
        },
      describe: ({ after }) => {
        // On the list the category does not matter any more.
        const enrolment = evaluateEnrolment({ id: repository.id, category: null }, after);
        return {
          headline: `${name} is on the include list`,
          rows: enrolmentRows(name, enrolment),
          body: [
            ...(enrolment.eligible
              ? ['Its bulk work that waits, and what comes, may run in GitHub Actions.']
              : []),
            ...(isHidden(context, repository) ? [] : [`Undo: \`/rollout unlist ${repository.fullName}\``]),
          ],
        };
      },
      unchanged: {
        reasonCode: 'already_included',
        headline: `${name} was on the include list before; nothing was changed.`,
      },
    });
  },
};
