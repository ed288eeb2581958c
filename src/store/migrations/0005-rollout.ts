/**
 * The rollout engine: settings of the guard, phases, epochs, holds, freeze windows; the guard's last report and the
 * notices that people are still to be sent; and commands whose change and outcome are one transaction.
 */
export const sql = /* sql */ `
-- 0 to 9999; the same as bucketOf in TypeScript, by the same vectors.
CREATE FUNCTION rollout_bucket(salt text, feature_name text, repository_id bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((('x' || encode(substr(sha256(convert_to(
    'v1:' || salt || ':' || feature_name || ':' || repository_id, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint * 10000) >> 32)::integer
$$;

CREATE FUNCTION rollout_phases_are_valid(phases numeric[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT cardinality(phases) BETWEEN 1 AND 20 AND phases[cardinality(phases)] = 100
    AND (SELECT bool_and(phases[i] > coalesce(phases[i - 1], 0)) FROM generate_subscripts(phases, 1) AS i)
$$;

ALTER TABLE rollout_configuration
  ADD COLUMN guard_mode text NOT NULL DEFAULT 'threshold' CHECK (guard_mode IN ('threshold', 'sequential', 'both')),
  -- A verdict needs more jobs than this.
  ADD COLUMN min_jobs integer NOT NULL DEFAULT 10 CHECK (min_jobs BETWEEN 0 AND 100000),
  ADD COLUMN sequential_alpha numeric(6,5) NOT NULL DEFAULT 0.05 CHECK (sequential_alpha > 0 AND sequential_alpha < 1),
  ADD COLUMN phases numeric(5,2)[] NOT NULL DEFAULT '{10,25,50,75,100}' CHECK (rollout_phases_are_valid(phases)),
  ADD COLUMN soak_hours integer NOT NULL DEFAULT 24 CHECK (soak_hours BETWEEN 0 AND 8760),
  -- Before the first phase of 50 % or more.
  ADD COLUMN soak_hours_before_half integer NOT NULL DEFAULT 168 CHECK (soak_hours_before_half BETWEEN 0 AND 8760),
  ADD COLUMN min_success_rate numeric(5,2) NOT NULL DEFAULT 85 CHECK (min_success_rate BETWEEN 0 AND 100),
  ADD COLUMN min_matured_share numeric(5,2) NOT NULL DEFAULT 80 CHECK (min_matured_share BETWEEN 0 AND 100),
  ADD COLUMN cooldown_hours integer NOT NULL DEFAULT 24 CHECK (cooldown_hours BETWEEN 0 AND 8760),
  -- Automatic rollbacks since the last phase that passed its gates; each doubles the cool-down.
  ADD COLUMN rollbacks integer NOT NULL DEFAULT 0 CHECK (rollbacks >= 0),
  -- A rollback has disarmed the automatic advance; the resume arms it again.
  ADD COLUMN rearm_on_resume boolean NOT NULL DEFAULT false,
  ADD COLUMN epoch_started_at timestamptz NOT NULL DEFAULT now(),
  -- A person has resumed after the guard's hold: what ended before does not count again.
  ADD COLUMN evidence_since timestamptz,
  -- {"by": "person" | "guard", "code": …, "reason": …} while held.
  ADD COLUMN hold jsonb,
  -- The state that a stop interrupted.
  ADD COLUMN stopped_from text,
  -- While stopped: bulk runs that are going on are cancelled too, and their jobs routed again.
  ADD COLUMN cancel_runs boolean NOT NULL DEFAULT false,
  ADD COLUMN freeze_windows jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(freeze_windows) = 'array');

ALTER TABLE rollout_configuration DISABLE TRIGGER rollout_configuration_version;
ALTER TABLE rollout_configuration DISABLE TRIGGER rollout_configuration_history;
UPDATE rollout_configuration SET epoch_started_at = created_at,
  stopped_from = CASE WHEN state = 'stopped' THEN 'running' END;
ALTER TABLE rollout_configuration ENABLE TRIGGER rollout_configuration_version;
ALTER TABLE rollout_configuration ENABLE TRIGGER rollout_configuration_history;

ALTER TABLE rollout_history ADD COLUMN reason_code text;

-- What follows from a change follows for everybody, also for who makes it by hand.
CREATE OR REPLACE FUNCTION rollout_configuration_changing() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.version := OLD.version;
  NEW.updated_at := OLD.updated_at;
  IF NEW IS NOT DISTINCT FROM OLD THEN
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.feature_name, NEW.salt) IS DISTINCT FROM (OLD.id, OLD.feature_name, OLD.salt) THEN
    RAISE EXCEPTION 'id, feature_name and salt of a rollout are fixed: another salt would exchange the repositories that are in';
  END IF;
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();

  -- The flag and the state tell the same, whichever of them was changed.
  IF NEW.emergency_stop IS DISTINCT FROM OLD.emergency_stop THEN
    IF NEW.emergency_stop THEN
      NEW.state := 'stopped';
    ELSIF NEW.state = 'stopped' THEN
      NEW.state := coalesce(OLD.stopped_from, 'running');
    END IF;
  ELSIF NEW.state IS DISTINCT FROM OLD.state THEN
    NEW.emergency_stop := NEW.state = 'stopped';
  END IF;
  IF NEW.state <> 'stopped' THEN
    NEW.stopped_from := NULL;
    NEW.cancel_runs := false;
  ELSIF OLD.state <> 'stopped' THEN
    NEW.stopped_from := OLD.state;
  END IF;
  IF NEW.state = 'held' THEN
    NEW.hold := coalesce(NEW.hold, '{"by": "person", "code": "held", "reason": null}'::jsonb);
  ELSIF NEW.state <> 'stopped' OR NEW.stopped_from <> 'held' THEN
    NEW.hold := NULL;
  END IF;

  -- Only a rollback, and what ends a stop or a rollback, open an epoch: the guard counts from then on.
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.epoch = OLD.epoch
     AND (NEW.state = 'rolled_back' OR (OLD.state IN ('stopped', 'rolled_back') AND NEW.state <> 'stopped')) THEN
    NEW.epoch := OLD.epoch + 1;
  END IF;
  IF NEW.epoch <> OLD.epoch AND NEW.epoch_started_at = OLD.epoch_started_at THEN
    NEW.epoch_started_at := now();
    NEW.evidence_since := NULL;
  END IF;
  IF (NEW.rollout_percentage, NEW.phases) IS DISTINCT FROM (OLD.rollout_percentage, OLD.phases) THEN
    NEW.phase := greatest(0, (SELECT count(*) FROM unnest(NEW.phases) AS p WHERE p <= NEW.rollout_percentage) - 1);
  END IF;
  IF NEW.phase_started_at = OLD.phase_started_at AND (NEW.phase <> OLD.phase OR NEW.epoch <> OLD.epoch
     OR NEW.rollout_percentage > OLD.rollout_percentage OR NEW.rollout_strategy <> OLD.rollout_strategy) THEN
    NEW.phase_started_at := now();
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION rollout_configuration_creating() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.phase := greatest(0, (SELECT count(*) FROM unnest(NEW.phases) AS p WHERE p <= NEW.rollout_percentage) - 1);
  RETURN NEW;
END $$;
CREATE TRIGGER rollout_configuration_phase BEFORE INSERT ON rollout_configuration
  FOR EACH ROW EXECUTE FUNCTION rollout_configuration_creating();

CREATE OR REPLACE FUNCTION rollout_configuration_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}'::jsonb ELSE to_jsonb(NEW) END;
  actor jsonb := coalesce(nullif(current_setting('hybrid.actor', true), '')::jsonb,
                          jsonb_build_object('type', 'sql', 'login', session_user));
  source jsonb := coalesce(nullif(current_setting('hybrid.source', true), '')::jsonb,
                           jsonb_build_object('type', 'sql'));
  action text := nullif(current_setting('hybrid.action', true), '');
  metrics jsonb := nullif(current_setting('hybrid.metrics', true), '')::jsonb;
  changes jsonb;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(jsonb_object_agg(key, jsonb_build_object('before', old_row -> key, 'after', new_row -> key)), '{}'::jsonb)
    INTO changes FROM jsonb_object_keys(old_row || new_row) AS key
    WHERE new_row -> key IS DISTINCT FROM old_row -> key AND key NOT IN ('version', 'updated_at', 'salt', 'id');
  INSERT INTO rollout_history (feature_name, action, version_before, version_after, previous_percentage,
      new_percentage, reason_code, reason, triggered_by, actor, source, epoch, metadata)
    VALUES (coalesce(new_row ->> 'feature_name', old_row ->> 'feature_name'),
      coalesce(action, CASE
        WHEN TG_OP = 'INSERT' THEN 'create'
        WHEN TG_OP = 'DELETE' THEN 'delete'
        WHEN NEW.emergency_stop AND NOT OLD.emergency_stop THEN 'emergency_stop'
        WHEN NOT NEW.emergency_stop AND OLD.emergency_stop THEN 'resume'
        WHEN NEW.state = 'rolled_back' AND OLD.state <> 'rolled_back' THEN 'rollback'
        WHEN NEW.state = 'held' AND OLD.state <> 'held' THEN 'hold'
        WHEN NEW.rollout_percentage IS DISTINCT FROM OLD.rollout_percentage THEN 'set'
        ELSE 'change' END),
      (old_row ->> 'version')::integer,
      coalesce((new_row ->> 'version')::integer, (old_row ->> 'version')::integer),
      (old_row ->> 'rollout_percentage')::numeric,
      coalesce((new_row ->> 'rollout_percentage')::numeric, 0),
      coalesce(nullif(current_setting('hybrid.reason_code', true), ''),
        CASE WHEN actor ->> 'type' = 'sql' THEN 'changed_by_sql' END),
      nullif(current_setting('hybrid.reason', true), ''),
      coalesce(actor ->> 'login', actor ->> 'type'), actor, source,
      coalesce((new_row ->> 'epoch')::integer, (old_row ->> 'epoch')::integer),
      jsonb_build_object('changes', changes) || CASE WHEN metrics IS NULL THEN '{}'::jsonb
        ELSE jsonb_build_object('metrics', metrics) END);
  RETURN NULL;
END $$;
CREATE TRIGGER rollout_configuration_deleted AFTER DELETE ON rollout_configuration
  FOR EACH ROW EXECUTE FUNCTION rollout_configuration_changed();

-- What the guard saw and decided last.
CREATE TABLE rollout_guard (
  feature_name text PRIMARY KEY,
  checked_at timestamptz NOT NULL,
  health text NOT NULL CHECK (health IN ('healthy', 'degraded', 'failing', 'unknown')),
  decision text NOT NULL,
  reason_code text NOT NULL,
  report jsonb NOT NULL
);

-- What people are told of automatic changes; written with the change, sent afterwards.
CREATE TABLE rollout_notices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feature_name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('rollback', 'hold', 'advance', 'complete', 'rollback_unverified')),
  version integer NOT NULL,
  content jsonb NOT NULL,
  verified jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  error text,
  sent_at timestamptz,
  url text
);
CREATE INDEX rollout_notices_waiting ON rollout_notices (id) WHERE sent_at IS NULL;

-- The issue that was opened for notices, where the rollout has been steered from none.
CREATE TABLE rollout_status_issues (
  feature_name text PRIMARY KEY,
  repository_id bigint NOT NULL,
  issue_number integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE commands
  ADD COLUMN issue_number integer,
  ADD COLUMN delivery_id text,
  -- What is answered; written in the transaction of the change.
  ADD COLUMN answer jsonb,
  ADD COLUMN answered_at timestamptz;
UPDATE commands SET answered_at = created_at WHERE outcome <> 'received';
CREATE INDEX commands_unanswered ON commands (comment_id) WHERE answered_at IS NULL;
CREATE INDEX commands_created ON commands (repository_id, created_at);

CREATE INDEX rollout_metrics_exposed ON rollout_metrics (epoch, created_at) WHERE exposed;
-- The newest ones of an arm, however many others have ended since.
CREATE INDEX rollout_metrics_newest ON rollout_metrics (epoch, arm, id) WHERE exposed;
CREATE INDEX progressive_capture_jobs_exposed ON progressive_capture_jobs (rollout_epoch, rollout_phase)
  WHERE is_exposed AND status IN ('dispatched', 'running');
`;
