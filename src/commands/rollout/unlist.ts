import { findRepositoryFacts } from '../../jobs/repository-facts.ts';
import { evaluateEnrolment } from '../../rollout/evaluate-enrolment.ts';
import { placeOnLists } from '../../rollout/rollout-store.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import type { RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';
import { enrolmentRows } from './enrolment-rows.ts';
import { judgeIncrease } from './judge-increase.ts';
import { nameRepository, readRepository } from './read-repository.ts';
import { reasonOf } from './reason-of.ts';

export const unlistVerb: RolloutVerb = {
  verb: 'unlist',
  usage: 'unlist <owner/repo> [reason]',
  summary: 'Takes a repository off both lists: strategy and percentage decide about it again.',
  needs: 'maintain',
  isWrite: true,
  flags: ['reason', 'force', 'if-version', 'dry-run'],
  examples: ['unlist acme/widgets', 'unlist acme/widgets its runs are mended'],
  run: async (context) => {
    const repository = await readRepository(context);
    if ('headline' in repository) return repository;
    const { id } = repository;
    const name = nameRepository(context, repository);
    const reason = reasonOf(context, 1);
    const { category } = await inTransaction(context.db, async (trx) => {
      const factsOf = await findRepositoryFacts(trx, [id], context.now());
      return factsOf(id).facts;
    });
    return applyChange(context, {
      action: 'unlist',
      reason,
      decide: (picture, level) => {
        // Off the exclude list it may come in, which is an increase.
        const gates = picture.rollout.exclude.includes(id) ? ['frozen'] : [];
        return (
          judgeIncrease(picture, context, { level, reason, gates }) ?? {
            patch: placeOnLists(picture.rollout, null, id),
            reasonCode: 'unlisted',
          }
        );
      },
      describe: ({ after }) => ({
        headline: `${name} is on no list`,
        rows: enrolmentRows(name, evaluateEnrolment({ id, category }, after)),
      }),
      unchanged: {
        reasonCode: 'not_listed',
        headline: `${name} was on no list; nothing was changed.`,
      },
    });
  },
};
