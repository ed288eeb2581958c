import { type CommandOutcome, refuse } from '../command-outcome.ts';
import type { RolloutVerb } from '../commands.ts';
import { ENROLMENT_REASONS, evaluateEnrolment } from '../evaluate-enrolment.ts';
import { readFlags } from '../read-flags.ts';
import { changeRollout, putOnList } from '../rollout-store.ts';

export const includeVerb: RolloutVerb = {
  verb: 'include',
  usage: 'include <owner/repo> [reason]',
  summary: 'Puts a repository on the include list, and takes it off the exclude list.',
  needs: 'maintain',
  isWrite: true,
  examples: ['include acme/widgets', 'include acme/widgets its history waits --if-version 17'],
  run: async (args, { db, actor, source, environmentStop, findRepository, refuseUnauthorised }) => {
    const parsed = readFlags(args);
    if ('problem' in parsed) return { ...refuse('not_understood', parsed.problem), quoted: args.join(' ') };
    const [fullName = '', ...words] = parsed.words;
    if (!/^[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/.test(fullName)) {
      return {
        ...refuse('not_understood', 'Name the repository: `/rollout include <owner/repo> [reason]`.'),
        quoted: args.join(' '),
      };
    }
    const repository = await findRepository(fullName);
    if (repository === null) {
      return refuse(
        'repository_unknown',
        `The App does not serve a repository \`${fullName}\`.`,
        'Install the App on it first, or check the spelling.',
      );
    }

    let refusal: CommandOutcome | null = null;
    const result = await changeRollout(db, {
      environmentStop,
      ...(parsed.flags.ifVersion === undefined ? {} : { ifVersion: parsed.flags.ifVersion }),
      change: async (current) => {
        refusal = await refuseUnauthorised();
        return refusal ? null : putOnList(current, 'include', repository.id);
      },
      actor,
      source,
      action: 'include',
      reason: parsed.flags.reason ?? (words.join(' ') || null),
    });
    if (refusal) return refusal;
    if (result.status === 'version_conflict') {
      return refuse(
        'version_conflict',
        `The rollout is at v${result.current.version}, not at v${parsed.flags.ifVersion}: somebody changed it. Nothing was changed.`,
      );
    }

    const rollout = result.status === 'changed' ? result.after : result.current;
    // On the list the category does not matter any more.
    const enrolment = evaluateEnrolment({ id: repository.id, category: null }, rollout);
    const reason = parsed.flags.reason ?? words.join(' ');
    return {
      ok: true,
      reasonCode: result.status === 'changed' ? 'included' : 'already_included',
      headline:
        result.status === 'changed'
          ? `\`${repository.fullName}\` is on the include list, v${rollout.version}, by ${actor.login}`
          : `\`${repository.fullName}\` was on the include list before; nothing was changed.`,
      table: [
        ['Repository', `\`${repository.fullName}\` (${repository.id})`],
        ['In the rollout', `${enrolment.eligible ? 'yes' : 'no'}: ${ENROLMENT_REASONS[enrolment.reason]}`],
        ['Lists', `${rollout.include.length} included, ${rollout.exclude.length} excluded`],
        ['Version', `v${rollout.version}, epoch ${rollout.epoch}`],
      ],
      body: enrolment.eligible
        ? ['Its bulk work that waits, and what comes, may run in GitHub Actions.']
        : [],
      ...(reason === '' ? {} : { quoted: reason }),
    };
  },
};
