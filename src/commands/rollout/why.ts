import { findJobDecisions } from '../../jobs/find-job-decisions.ts';
import { ENROLMENT_REASONS } from '../../rollout/evaluate-enrolment.ts';
import type { Answer } from '../../text/answer.ts';
import type { RolloutVerb } from '../command.ts';
import { nameRepository, readRepository } from './read-repository.ts';

export const whyVerb: RolloutVerb = {
  verb: 'why',
  usage: 'why <owner/repo>',
  summary: 'Explains whether a repository is in, and where its work goes.',
  needs: 'triage',
  isWrite: false,
  flags: [],
  examples: ['why acme/widgets'],
  run: async (context): Promise<Answer> => {
    const repository = await readRepository(context);
    if ('headline' in repository) return repository;
    const { db, environmentStop, planning, now } = context;
    const { facts, enrolment, decisions } = await findJobDecisions(db, repository, {
      environmentStop,
      planning,
      now: now(),
    });
    const name = nameRepository(context, repository);
    return {
      ok: true,
      reasonCode: enrolment.reason,
      headline: `${name} is ${enrolment.eligible ? 'in' : 'outside'} the rollout: ${ENROLMENT_REASONS[enrolment.reason]}`,
      table: [
        ['Size', facts.category === null ? 'not known yet' : `${facts.category} (snapshot of this epoch)`],
        [
          'Pull requests',
          facts.pullRequestsCount === null ? 'not known yet' : String(facts.pullRequestsCount),
        ],
        ['Bucket', enrolment.bucket === null ? 'not asked' : `${enrolment.bucket} of 10,000`],
        ...decisions.map(
          ({ work, route }) =>
            [
              work,
              `${route.processor}, rule \`${route.rule}\`: ${explain(route.explanation, repository.fullName, name)}`,
            ] as const,
        ),
        ['Version', `v${enrolment.version}, epoch ${enrolment.epoch}`],
      ],
      body: [],
    };
  },
};

/** An explanation names the repository; where the world reads along, it must not. */
function explain(explanation: string, fullName: string, name: string): string {
  return explanation.replaceAll(fullName, name.replaceAll('`', ''));
}
