import type { Config } from '../src/config/config.ts';
import { createDispatchLoop } from '../src/dispatch/dispatch-due.ts';
import { createInProcessDispatcher } from '../src/dispatch/in-process-dispatcher.ts';
import { createWorkflowDispatcher } from '../src/dispatch/workflow-dispatcher.ts';
import type { QueuedJob } from '../src/jobs/insert-jobs.ts';
import { createLoops } from '../src/loops/all-loops.ts';
import { createLoopRunner } from '../src/loops/loop-runner.ts';
import { ensureRollout } from '../src/rollout/rollout-store.ts';
import type { Database, OpenDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { openDatabase } from '../src/store/open-database.ts';
import { createCommandRunner } from './commands.ts';
import { createDeliveryLog } from './delivery-log.ts';
import { createGitHubApp, type GitHubApp } from './github-app.ts';
import { type HttpHandler, onPath, type RunningServer, startHttpServer } from './http.ts';
import { createInngest, INNGEST_PATH } from './inngest/functions.ts';
import { createInstallationDirectory } from './installation-directory.ts';
import { createJobsApi } from './jobs-api/router.ts';
import { createJobsRepository } from './jobs-repository.ts';
import type { AppLog } from './log.ts';
import { createLoopsEndpoint } from './loops-endpoint.ts';
import { createMetrics } from './metrics/create-metrics.ts';
import { createMetricsEndpoint } from './metrics/endpoint.ts';
import { createMonitor } from './monitor/create-monitor.ts';
import { createReadinessChecks } from './readiness.ts';
import { createDeliveryReceiver } from './receive-delivery.ts';
import { createSettingsReader } from './repository-settings.ts';
import { createNoticeSender } from './send-notices.ts';
import { StartProblem } from './start-problem.ts';
import { createStatusPages } from './status-pages.ts';
import { createWebhookHandler, MAX_WEBHOOK_BYTES } from './webhooks.ts';

export interface RunningApp {
  /** Where this machine reaches it, without a slash at the end. */
  url: string;
  db: Database;
  dispatchLoop: ReturnType<typeof createDispatchLoop>;
  /** Resolves when commands and settings that were asked for so far are through. */
  idle(): Promise<void>;
  /** Takes no more requests, lets what is in hand reach its next safe point, and closes the database. */
  close(): Promise<void>;
}

/** What is still answered after `close`, in milliseconds. */
const GRACE_MS = 10_000;

/**
 * Starts the whole app: database, migrations, GitHub App, dispatchers, HTTP. What keeps it from starting is thrown,
 * and everything that was opened before is closed again.
 */
export async function createApp(options: {
  config: Config;
  log: AppLog;
  /** One that is open, in place of `config.database`; it is closed with the app. */
  database?: OpenDatabase;
  /** Browsers on this machine may look at the monitor without signing in: for the demo. */
  isMonitorOpenLocally?: boolean;
}): Promise<RunningApp> {
  const { config, log, isMonitorOpenLocally = false } = options;
  const closers: (() => Promise<void>)[] = [];
  /** In the reverse order of opening. */
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((err: unknown) => log.error({ err }, 'Something did not close cleanly.'));
    }
  };
  try {
    const database = options.database ?? (await openDatabase(config.database));
    closers.push(() => database.close());
    return await start(database, config, log, closers, close, isMonitorOpenLocally);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Far more than any statement of the app takes. */
const ANSWER_WITHIN_MS = 60_000;

async function start(
  database: OpenDatabase,
  config: Config,
  log: AppLog,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
  isMonitorOpenLocally: boolean,
): Promise<RunningApp> {
  const { db } = database;
  await migrate(db, config.database.schema ? { schema: config.database.schema } : {});
  // A migration may take longer.
  database.expectAnswersWithin(ANSWER_WITHIN_MS);
  await ensureRollout(db, config.rollout);

  const app = await createIdentity(config, log);
  const { tokenFor } = app;
  const jobsRepository = createJobsRepository({ config, app, log });
  const { bulkFor } = jobsRepository;
  await jobsRepository.start();
  closers.push(async () => jobsRepository.stop());

  const onSettled = () => dispatchLoop.poke();
  const inngest =
    config.inngest.mode === 'off' ? null : createInngest({ config, db, tokenFor, bulkFor, log, onSettled });
  const worker = createInProcessDispatcher({
    db,
    config,
    tokenFor,
    bulkFor,
    log,
    onSettled,
  });
  const { workflow } = config.bulk;
  const dispatchLoop = createDispatchLoop({
    db,
    config,
    bulkFor,
    log,
    dispatchers: {
      inngest: inngest?.dispatcher ?? worker,
      ...(inngest ? { fallback: worker } : {}),
      bulk: workflow
        ? createWorkflowDispatcher({
            workflow,
            apiUrl: config.github.apiUrl,
            token: jobsRepository.token,
            // Also while that is not known.
            isJobsRepositoryPublic: () => (jobsRepository.current()?.visibility ?? 'public') === 'public',
          })
        : null,
    },
  });
  if (database.kind === 'pglite') await worker.recover();
  closers.push(() => worker.close());
  dispatchLoop.start();
  closers.push(() => dispatchLoop.stop());

  const settings = createSettingsReader({ db, app, log });
  closers.push(() => settings.stop());
  const commands = createCommandRunner({
    db,
    config,
    app,
    log,
    bulkFor,
    onChanged: () => dispatchLoop.poke(),
  });
  commands.start();
  closers.push(() => commands.stop());

  const servedAccounts = async () => config.allowedAccounts ?? [await app.ownerId()];
  const onJobs = (jobs: QueuedJob[]) => {
    for (const job of jobs) dispatchLoop.poke(job.not_before);
  };
  const onInstallations = () => void jobsRepository.refresh().then(() => dispatchLoop.poke());
  const loops = createLoopRunner({
    db,
    loops: createLoops({
      db,
      config,
      servedAccounts,
      bulkFor,
      log,
      onJobs,
      sendNotices: createNoticeSender({ db, config, app, log }),
      onChanged: () => dispatchLoop.poke(),
      deliveryLog: createDeliveryLog(app),
      directory: createInstallationDirectory(app),
      onInstallations,
      dispatchDue: () => dispatchLoop.runOnce(),
      workflowRun: jobsRepository.run,
    }),
    log,
  });
  loops.start();
  closers.push(() => loops.stop());

  const receive = createDeliveryReceiver({
    db,
    config,
    log,
    bulkFor,
    servedAccounts,
    after: {
      jobs: onJobs,
      commands: commands.poke,
      settings: settings.read,
      installations: onInstallations,
    },
  });
  const metrics = createMetrics({ db, config });
  const monitor = createMonitor({
    db,
    config,
    app,
    bulkFor,
    localUrl: () => server.url,
    isOpenLocally: isMonitorOpenLocally,
    onChanged: () => dispatchLoop.poke(),
    log,
  });
  const handlers: HttpHandler[] = [
    createWebhookHandler({ verify: app.verify, receive, log, onAnswer: metrics.countWebhook }),
    createJobsApi({
      db,
      config,
      tokenFor,
      workflowRun: jobsRepository.run,
      jobsRepositoryId: jobsRepository.id,
      log,
      onChange: (at) => dispatchLoop.poke(at),
    }),
    createLoopsEndpoint({ runner: loops, token: config.tokens.loops, log }),
    ...(inngest ? [onPath(INNGEST_PATH, inngest.handler)] : []),
    monitor.handler,
    createMetricsEndpoint({ metrics, token: config.tokens.metrics, log }),
    createStatusPages(createReadinessChecks({ db, config, inngest, bulkFor })),
  ];
  const server = await listen(config, handlers, log);
  closers.push(() => server.close(GRACE_MS));
  // Its requests are answered sooner than the server's patience is over.
  closers.push(async () => inngest?.stop());
  // Live updates are connections that would never end by themselves.
  closers.push(async () => monitor.close());
  log.info(
    {
      url: server.url,
      database: database.kind,
      recent_work: inngest ? `inngest (${config.inngest.mode})` : 'in-process worker',
      bulk_work: workflow ? `${workflow.owner}/${workflow.repo}/${workflow.path}@${workflow.ref}` : 'none',
    },
    inngest
      ? 'The app is running.'
      : 'The app is running. INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY are not set: recent work is done by the worker in this process.',
  );
  return {
    url: server.url,
    db,
    dispatchLoop,
    idle: async () => {
      await jobsRepository.idle();
      await settings.idle();
      await commands.idle();
    },
    close,
  };
}

async function createIdentity(config: Config, log: AppLog): Promise<GitHubApp> {
  const { appId, privateKey, webhookSecret } = config.github;
  if (appId === null || privateKey === null || webhookSecret === null) {
    throw new StartProblem(
      'The app needs APP_ID, PRIVATE_KEY and WEBHOOK_SECRET; the set-up page gives them.',
    );
  }
  const app = await createGitHubApp({ github: { ...config.github, appId, privateKey, webhookSecret }, log });
  const problem = await app.findCredentialProblem();
  if (problem) throw new StartProblem(problem);
  return app;
}

/** Starts the server; a port that can't be had is said in one line. */
export async function listen(config: Config, handlers: HttpHandler[], log: AppLog): Promise<RunningServer> {
  const { host, port } = config.http;
  try {
    return await startHttpServer({ host, port, handlers, maxBodyBytes: MAX_WEBHOOK_BYTES, log });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const cures: Record<string, string> = {
      EADDRINUSE: `Port ${port} of ${host} is in use: end what listens there, or set PORT to another one.`,
      EACCES: `Port ${port} of ${host} may not be opened by this user: set PORT to one above 1023.`,
      EADDRNOTAVAIL: `${host} is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all.`,
      ENOTFOUND: `${host} is no known host: set HOST to an address of this machine.`,
    };
    throw new StartProblem(cures[code] ?? `Port ${port} of ${host} could not be opened: ${code}.`, { cause });
  }
}
