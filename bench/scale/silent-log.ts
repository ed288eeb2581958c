import type { JobLog } from '../../src/jobs/job-log.ts';

/** Lines that nobody reads; an error is one that the figures would not survive. */
export const SILENT: JobLog = {
  info() {},
  warn() {},
  error(fields, message) {
    throw new Error(`${message} ${JSON.stringify(fields)}`);
  },
};
