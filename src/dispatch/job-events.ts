import { z } from 'zod';
import type { JobType } from '../work-item/work-item.ts';

const Id = z.number().int().positive();

/** What an event about a run carries: ids alone. The job's row says the rest, as it is when the run begins. */
export const JobEventData = z.object({
  jobId: z.uuid(),
  run: Id,
  repositoryId: Id,
  installationId: Id,
});
export type JobEventData = z.infer<typeof JobEventData>;

const TestEventData = z.object({ nonce: z.string().min(1).max(100) });

export interface InngestEventType {
  name: string;
  version: string;
  schema: z.ZodType;
  /** Who sends it: the dispatch loop, or the command line. */
  producer: 'dispatch' | 'doctor';
  /** Id of the function that it starts. */
  consumer: string;
}

/** The registry of all events that this product sends to Inngest, for senders and functions alike; it is checked at start. */
export const INNGEST_EVENTS = {
  captureRepository: {
    name: 'hybrid-capture/repository.capture',
    version: '1',
    schema: JobEventData,
    producer: 'dispatch',
    consumer: 'capture-repository-sync-graphql',
  },
  captureItems: {
    name: 'hybrid-capture/items.capture',
    version: '1',
    schema: JobEventData,
    producer: 'dispatch',
    consumer: 'capture-pull-request',
  },
  classifyRepository: {
    name: 'hybrid-capture/repository.classify',
    version: '1',
    schema: JobEventData,
    producer: 'dispatch',
    consumer: 'classify-single-repository',
  },
  test: {
    name: 'hybrid-capture/test',
    version: '1',
    schema: TestEventData,
    producer: 'doctor',
    consumer: 'prod-test-function',
  },
} as const satisfies Record<string, InngestEventType>;
export type InngestEventKey = keyof typeof INNGEST_EVENTS;

/** Which event starts a run of each type of job. */
export const EVENT_OF_JOB_TYPE: Readonly<Record<JobType, Exclude<InngestEventKey, 'test'>>> = {
  pull_requests: 'captureItems',
  issues: 'captureItems',
  history: 'captureRepository',
  branch_commits: 'captureRepository',
  labels: 'captureRepository',
  verify: 'captureRepository',
  classify: 'classifyRepository',
};

/** Numbers each run of each job once and for all; Inngest ignores an id that it has seen within 24 hours. */
export function jobEventId(jobId: string, run: number): string {
  return `job:${jobId}:${run}`;
}
