import process from 'node:process';

/**
 * Aborted when GitHub cancels the run. The runner sends SIGINT, 7.5 s later SIGTERM, and 2.5 s later ends the process
 * (actions/runner, ProcessInvoker.cs), so there is time for one batch and a last word to the app.
 */
export function listenForShutdown(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => controller.abort(new Error(`The run was cancelled (${name}).`)));
  }
  return controller.signal;
}
