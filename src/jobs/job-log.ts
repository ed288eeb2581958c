/** Structured lines; pino's logger is one. The keys of a stage are delivery, job, repository, stage, processor, rule, duration_ms. */
export interface JobLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}
