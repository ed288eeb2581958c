import { ENROLMENT_REASONS, type Enrolment } from '../../rollout/evaluate-enrolment.ts';

/** What a change of the lists has made of a repository, for an answer. */
export function enrolmentRows(name: string, { eligible, reason }: Enrolment): [string, string][] {
  return [
    ['Repository', name],
    ['In the rollout', `${eligible ? 'yes' : 'no'}: ${ENROLMENT_REASONS[reason]}`],
  ];
}
