/** Alarms are told to people too, by the notices of the rollout. */
export const sql = /* sql */ `
ALTER TABLE rollout_notices
  DROP CONSTRAINT rollout_notices_kind_check,
  ADD CONSTRAINT rollout_notices_kind_check
    CHECK (kind IN ('rollback', 'hold', 'advance', 'complete', 'rollback_unverified', 'alarm', 'alarm_over')),
  -- Of a change of the rollout.
  ALTER COLUMN version DROP NOT NULL,
  -- Name and code in the table alarms.
  ADD COLUMN alarm text,
  ADD COLUMN alarm_code text,
  ADD CONSTRAINT rollout_notices_subject CHECK ((version IS NULL) = (kind IN ('alarm', 'alarm_over'))
    AND (alarm IS NOT NULL AND alarm_code IS NOT NULL) = (kind IN ('alarm', 'alarm_over')));
CREATE INDEX rollout_notices_alarm ON rollout_notices (alarm, id) WHERE alarm IS NOT NULL;
`;
