import { fileURLToPath } from 'node:url';
import type { RawInputs, RunFacts } from './inputs.ts';

/** What this run is for. */
export type Mode =
  /** Carries out a job that the app dispatched, then others that are due. */
  | { kind: 'app-job'; appUrl: URL; jobId: string }
  /** A scheduled or manual run asks the app for a job for its own repository. */
  | { kind: 'self-service'; appUrl: URL }
  /** No app: captures straight into a database or files. */
  | { kind: 'stand-alone'; destination: Destination };

export type Destination = { kind: 'postgres'; url: string } | { kind: 'files'; directory: string };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Decides what this run is for; what stands in the way is added to `problems`, and the answer is null. */
export function decideMode(raw: RawInputs, facts: RunFacts, problems: string[]): Mode | null {
  const before = problems.length;
  problems.push(...findTypedAddresses(raw, facts));
  const jobId = raw['job-id'];
  if (jobId !== '' && !UUID.test(jobId)) problems.push('`job-id` must be the id of a job, a UUID.');

  if (raw['app-url'] !== '') {
    const appUrl = parseAppUrl(raw['app-url'], problems);
    if (raw.destination !== '') {
      problems.push('Set either `app-url` or `destination`: with the app, rows go to the app.');
    }
    if (jobId === '') problems.push(...findSelfServiceProblems(raw, facts));
    if (!appUrl || problems.length > before) return null;
    return jobId === '' ? { kind: 'self-service', appUrl } : { kind: 'app-job', appUrl, jobId };
  }

  if (jobId !== '') {
    problems.push(
      '`job-id` needs `app-url`: set the variable HYBRID_CAPTURE_URL of this repository or organisation to the address of the app.',
    );
  } else if (raw.destination === '') {
    problems.push(
      'Neither `app-url` nor `destination` is set. Set `app-url` to the address of the Hybrid Capture app (the variable HYBRID_CAPTURE_URL, if the workflow uses it), or `destination` to postgres://… or file:DIR.',
    );
  } else {
    const destination = parseDestination(raw.destination, problems);
    if (destination?.kind === 'files' && raw.mode === 'verify') {
      problems.push(
        '`mode: verify` compares with a database: it needs `destination: postgres://…` or the app.',
      );
    }
    if (destination && problems.length === before) return { kind: 'stand-alone', destination };
  }
  return null;
}

/** Whoever may start a workflow could otherwise have the rows, and tokens, sent anywhere. */
function findTypedAddresses(raw: RawInputs, facts: RunFacts): string[] {
  return (['app-url', 'destination'] as const)
    .filter((name) =>
      Object.entries(facts.dispatchInputs).some(
        ([typed, value]) => typed === name || (raw[name] !== '' && value === raw[name]),
      ),
    )
    .map(
      (name) =>
        `\`${name}\` comes from an input of the run. Write it in the workflow file, or take it from a variable or secret: else whoever may start this workflow decides where tokens and captured rows go.`,
    );
}

function findSelfServiceProblems(raw: RawInputs, facts: RunFacts): string[] {
  const problems: string[] = [];
  if (!['schedule', 'workflow_dispatch'].includes(facts.eventName)) {
    problems.push(
      `\`app-url\` without \`job-id\` works in runs started by schedule or workflow_dispatch, and this one was started by ${facts.eventName || 'nothing known'}.`,
    );
  }
  if (raw.repository !== '' && raw.repository.toLowerCase() !== facts.repository.toLowerCase()) {
    problems.push('`repository` must be left out: the app captures the repository that the run belongs to.');
  }
  return problems;
}

function parseAppUrl(text: string, problems: string[]): URL | null {
  const url = URL.parse(text);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && !url.username && !url.search)
    return url;
  problems.push('`app-url` must be the address of the app, such as https://capture.example.com.');
  return null;
}

/** Never quotes the value: it may hold a password. */
function parseDestination(text: string, problems: string[]): Destination | null {
  if (/^postgres(ql)?:\/\//.test(text)) {
    if (URL.canParse(text)) return { kind: 'postgres', url: text };
    problems.push(
      '`destination` is no well-formed postgres:// address: write special characters of the password as %XX.',
    );
    return null;
  }
  if (text.startsWith('file://') && URL.canParse(text)) {
    return { kind: 'files', directory: fileURLToPath(text) };
  }
  const directory = text.startsWith('file:') ? text.slice('file:'.length) : '';
  if (directory !== '' && !directory.startsWith('//')) {
    return { kind: 'files', directory };
  }
  problems.push('`destination` must be postgres://… or file:DIR.');
  return null;
}
