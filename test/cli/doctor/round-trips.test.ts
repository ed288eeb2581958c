import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatchTest } from '../../../cli/doctor/dispatch-test.ts';
import { createTestEvent } from '../../../cli/doctor/send-test-event.ts';
import { describePostgres } from '../../support/databases.ts';
import { type DoctorTown, startDoctorTown, WORKFLOW_PATH, WORKFLOW_TEXT } from './doctor-town.ts';

describePostgres('doctor, the whole way', () => {
  let town: DoctorTown;
  beforeAll(async () => {
    town = await startDoctorTown({ actionDirectory: fileURLToPath(new URL('../../../', import.meta.url)) });
  });
  afterAll(() => town.close());

  describe('--send-test-event', () => {
    const examine = async (change: Record<string, string> = {}) => {
      const findings = await town.examine(change, { more: [createTestEvent({ patienceMs: 0 })] });
      return findings.at(-1);
    };

    it('goes through Inngest and comes back', async () => {
      expect(await examine()).toMatchObject({ check: 'inngest test event', status: 'ok' });
      expect(town.inngest.state.sent.at(-1)).toMatchObject({ name: 'hybrid-capture/test', v: '1' });
    });

    it.each([
      ['none', 'no_function_triggered'],
      ['Failed', 'test_run_failed'],
    ] as const)('%s: %s', async (run, code) => {
      town.inngest.state.run = run;
      expect(await examine()).toMatchObject({ status: 'failed', code });
      town.inngest.state.run = 'Completed';
    });

    /** As `inngest start` answers where the function itself was not asked. */
    it.each([
      [{ error: { error: 'Unable to reach SDK URL', name: 'Error' } }, 'app_not_reached', /register the app/],
      [
        {
          error: 'Your server returned HTTP 404 before the SDK responded.',
          name: 'Server returned an error',
        },
        'app_not_reached',
        /register the app/,
      ],
      [
        {
          error: 'Your server returned HTTP 401 before the SDK responded.',
          name: 'Server returned an error',
        },
        'app_refuses_inngest',
        /same INNGEST_SIGNING_KEY/,
      ],
    ])('%j: %s', async (output, code, cure) => {
      const { state } = town.inngest;
      const before = state.output;
      Object.assign(state, { run: 'Failed', output });
      expect(await examine()).toMatchObject({ status: 'failed', code, cure: expect.stringMatching(cure) });
      Object.assign(state, { run: 'Completed', output: before });
    });

    it('a signing key that is refused: what became of the event is not told', async () => {
      expect(await examine({ INNGEST_SIGNING_KEY: 'signkey-prod-ffff' })).toMatchObject({
        status: 'skipped',
        code: 'runs_not_told',
      });
    });

    it('a key that is refused', async () => {
      expect(await examine({ INNGEST_EVENT_KEY: 'another-key' })).toMatchObject({
        status: 'failed',
        code: 'event_refused',
      });
    });
  });

  describe('--dispatch-test', () => {
    const examine = async () => {
      const findings = await town.examine({}, { more: [createDispatchTest({ pollMs: 100 })] });
      return findings.at(-1);
    };

    it('runs the workflow, which asks the app and captures nothing', async () => {
      expect(await examine()).toMatchObject({ check: 'dispatch test', status: 'ok' });
      const jobs = await town.app.db
        .selectFrom('progressive_capture_jobs')
        .select(['status', 'status_reason', 'run'])
        .execute();
      expect(jobs).toEqual([{ status: 'skipped', status_reason: 'dispatch_test', run: 0 }]);
      const counted = await town.app.db.selectFrom('rollout_metrics').select('id').execute();
      expect(counted).toEqual([]);
      expect(town.app.lines).toContainEqual(
        expect.objectContaining({ stage: 'jobs-api', code: 'already_finished' }),
      );
    });

    it('a run that is not told where the app is', async () => {
      town.jobs.variables.delete('HYBRID_CAPTURE_URL');
      expect(await examine()).toMatchObject({ status: 'failed', code: 'run_failed' });
      town.jobs.variables.set('HYBRID_CAPTURE_URL', town.origin);
    });

    it('inputs that the workflow does not declare', async () => {
      town.jobs.contents.set(WORKFLOW_PATH, WORKFLOW_TEXT.replace('      repository:\n', '      other:\n'));
      expect(await examine()).toMatchObject({ status: 'failed', code: 'inputs_refused' });
      town.jobs.contents.set(WORKFLOW_PATH, WORKFLOW_TEXT);
    });
  });
});
