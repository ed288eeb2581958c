export const id = 913;
export const ids = [913];
export const modules = {

/***/ 8913:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  MigrationRefusedError: () => (/* binding */ MigrationRefusedError),
  migrate: () => (/* binding */ migrate)
});

// EXTERNAL MODULE: ./node_modules/kysely/dist/raw-builder/sql.js + 1 modules
var sql = __webpack_require__(189);
;// CONCATENATED MODULE: ./build/src/store/migrations/0001-initial.js
/**
 * The first schema. Enumerated values are GitHub's GraphQL spellings (`MERGED`, `CHANGES_REQUESTED`).
 * Every `id` of a captured row is GitHub's database id unless the column says otherwise.
 * In captured text NULL means "not known", '' means "known to be empty".
 */
const _0001_initial_sql = /* sql */ `
CREATE TABLE installations (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  account_login text NOT NULL,
  account_type text NOT NULL,
  suspended_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE repositories (
  id bigint PRIMARY KEY,
  node_id text,
  full_name text NOT NULL CHECK (full_name ~ '^[^/]+/[^/]+$'),
  installation_id bigint,
  is_private boolean NOT NULL DEFAULT false,
  is_archived boolean NOT NULL DEFAULT false,
  is_fork boolean NOT NULL DEFAULT false,
  is_empty boolean NOT NULL DEFAULT false,
  default_branch text,
  stars_count integer CHECK (stars_count >= 0),
  contributors_count integer CHECK (contributors_count >= 0),
  pull_requests_count integer CHECK (pull_requests_count >= 0),
  issues_count integer CHECK (issues_count >= 0),
  counted_at timestamptz,
  settings jsonb,
  settings_problem text,
  created_at timestamptz,
  removed_at timestamptz,
  captured_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX repositories_full_name ON repositories (lower(full_name));
CREATE INDEX repositories_installation ON repositories (installation_id);

CREATE TABLE contributors (
  id bigint PRIMARY KEY,
  node_id text,
  login text NOT NULL CHECK (login <> ''),
  type text NOT NULL CHECK (type IN ('User', 'Bot', 'Organization', 'Mannequin', 'EnterpriseUserAccount')),
  name text,
  avatar_url text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  captured_at timestamptz NOT NULL
);
CREATE INDEX contributors_login ON contributors (lower(login));

CREATE TABLE labels (
  id text PRIMARY KEY,
  repository_id bigint NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  name text NOT NULL,
  color text,
  description text,
  is_default boolean,
  deleted_at timestamptz,
  captured_at timestamptz NOT NULL
);
CREATE INDEX labels_repository ON labels (repository_id, name);

CREATE TABLE pull_requests (
  id bigint PRIMARY KEY,
  node_id text,
  repository_id bigint NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  number integer NOT NULL CHECK (number > 0),
  title text,
  body text,
  state text NOT NULL CHECK (state IN ('OPEN', 'CLOSED', 'MERGED')),
  is_draft boolean,
  is_locked boolean,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  author_association text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  closed_at timestamptz,
  merged_at timestamptz,
  merged_by_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  merge_commit_oid text,
  base_ref text,
  base_oid text,
  head_ref text,
  head_oid text,
  head_repository text,
  milestone text,
  review_decision text,
  additions integer,
  deletions integer,
  changed_files integer,
  comments_count integer,
  reviews_count integer,
  review_threads_count integer,
  commits_count integer,
  files_count integer,
  labels_count integer,
  assignees_count integer,
  deleted_at timestamptz,
  nested_captured_at timestamptz,
  captured_at timestamptz NOT NULL,
  UNIQUE (repository_id, number)
);
CREATE INDEX pull_requests_updated ON pull_requests (repository_id, updated_at);
CREATE INDEX pull_requests_author ON pull_requests (author_id);

CREATE TABLE issues (
  id bigint PRIMARY KEY,
  node_id text,
  repository_id bigint NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  number integer NOT NULL CHECK (number > 0),
  title text,
  body text,
  state text NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
  state_reason text,
  is_locked boolean,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  author_association text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  closed_at timestamptz,
  milestone text,
  comments_count integer,
  labels_count integer,
  assignees_count integer,
  deleted_at timestamptz,
  nested_captured_at timestamptz,
  captured_at timestamptz NOT NULL,
  UNIQUE (repository_id, number)
);
CREATE INDEX issues_updated ON issues (repository_id, updated_at);

CREATE TABLE reviews (
  id bigint PRIMARY KEY,
  node_id text,
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  author_association text,
  state text NOT NULL CHECK (state IN ('PENDING', 'COMMENTED', 'APPROVED', 'CHANGES_REQUESTED', 'DISMISSED')),
  body text,
  commit_oid text,
  submitted_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  captured_at timestamptz NOT NULL
);
CREATE INDEX reviews_pull_request ON reviews (pull_request_id);

CREATE TABLE review_threads (
  id text PRIMARY KEY,
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  path text NOT NULL,
  line integer,
  original_line integer,
  start_line integer,
  original_start_line integer,
  diff_side text,
  subject_type text,
  is_resolved boolean NOT NULL,
  is_outdated boolean,
  resolved_by_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  comments_count integer,
  deleted_at timestamptz,
  captured_at timestamptz NOT NULL
);
CREATE INDEX review_threads_pull_request ON review_threads (pull_request_id);

-- GitHub numbers issue comments and review comments apart, so an id alone is not unique.
CREATE TABLE comments (
  comment_type text NOT NULL CHECK (comment_type IN ('issue', 'review')),
  id bigint NOT NULL,
  node_id text,
  pull_request_id bigint REFERENCES pull_requests (id) ON DELETE CASCADE,
  issue_id bigint REFERENCES issues (id) ON DELETE CASCADE,
  review_thread_id text REFERENCES review_threads (id) ON DELETE CASCADE,
  review_id bigint,
  in_reply_to_id bigint,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  author_association text,
  body text,
  is_minimized boolean,
  created_at timestamptz NOT NULL,
  updated_at timestamptz,
  deleted_at timestamptz,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (id, comment_type),
  CHECK (num_nonnulls(pull_request_id, issue_id) = 1),
  CHECK (comment_type = 'issue' OR pull_request_id IS NOT NULL),
  CHECK (comment_type = 'review' OR (review_thread_id IS NULL AND review_id IS NULL))
);
CREATE INDEX comments_pull_request ON comments (pull_request_id, comment_type);
CREATE INDEX comments_issue ON comments (issue_id);
CREATE INDEX comments_review_thread ON comments (review_thread_id);

CREATE TABLE commits (
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  oid text NOT NULL CHECK (oid ~ '^[0-9a-f]{40,64}$'),
  message_headline text,
  message_body text,
  author_name text,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  authored_at timestamptz,
  committer_name text,
  committed_at timestamptz,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (pull_request_id, oid)
);

CREATE TABLE branch_commits (
  repository_id bigint NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  oid text NOT NULL CHECK (oid ~ '^[0-9a-f]{40,64}$'),
  message_headline text,
  message_body text,
  author_name text,
  author_id bigint REFERENCES contributors (id) ON DELETE SET NULL,
  authored_at timestamptz,
  committer_name text,
  committed_at timestamptz,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (repository_id, oid)
);

CREATE TABLE files (
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  path text NOT NULL,
  additions integer NOT NULL,
  deletions integer NOT NULL,
  change_type text,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (pull_request_id, path)
);

CREATE TABLE pull_request_labels (
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  name text NOT NULL,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (pull_request_id, name)
);
CREATE TABLE pull_request_assignees (
  pull_request_id bigint NOT NULL REFERENCES pull_requests (id) ON DELETE CASCADE,
  contributor_id bigint NOT NULL REFERENCES contributors (id) ON DELETE CASCADE,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (pull_request_id, contributor_id)
);
CREATE TABLE issue_labels (
  issue_id bigint NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  name text NOT NULL,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (issue_id, name)
);
CREATE TABLE issue_assignees (
  issue_id bigint NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  contributor_id bigint NOT NULL REFERENCES contributors (id) ON DELETE CASCADE,
  captured_at timestamptz NOT NULL,
  PRIMARY KEY (issue_id, contributor_id)
);

CREATE TABLE capture_checkpoints (
  key text PRIMARY KEY,
  repository_id bigint,
  sequence integer NOT NULL DEFAULT 0 CHECK (sequence >= 0),
  checkpoint jsonb NOT NULL,
  finished_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE repository_categories (
  repository_id bigint PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
  category text NOT NULL CHECK (category IN ('test', 'small', 'medium', 'large', 'enterprise')),
  stars_count integer NOT NULL,
  contributors_count integer NOT NULL,
  pull_requests_count integer NOT NULL,
  epoch integer NOT NULL,
  classified_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rollout_configuration (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  feature_name text NOT NULL UNIQUE,
  salt text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  rollout_percentage numeric(5,2) NOT NULL DEFAULT 10 CHECK (rollout_percentage BETWEEN 0 AND 100),
  rollout_strategy text NOT NULL DEFAULT 'repository_size'
    CHECK (rollout_strategy IN ('percentage', 'whitelist', 'repository_size')),
  is_active boolean NOT NULL DEFAULT true,
  emergency_stop boolean NOT NULL DEFAULT false,
  auto_rollback_enabled boolean NOT NULL DEFAULT true,
  max_error_rate numeric(5,2) NOT NULL DEFAULT 5.0 CHECK (max_error_rate BETWEEN 0 AND 100),
  monitoring_window_hours integer NOT NULL DEFAULT 24 CHECK (monitoring_window_hours > 0),
  target_repositories bigint[] NOT NULL DEFAULT '{}',
  excluded_repositories bigint[] NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  epoch integer NOT NULL DEFAULT 1,
  phase integer NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'running'
    CHECK (state IN ('draft', 'running', 'held', 'completed', 'rolled_back', 'stopped')),
  auto_advance boolean NOT NULL DEFAULT true,
  cooldown_until timestamptz,
  phase_started_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rollout_history (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feature_name text NOT NULL,
  action text NOT NULL,
  version_before integer,
  version_after integer NOT NULL,
  previous_percentage numeric(5,2),
  new_percentage numeric(5,2) NOT NULL,
  reason text,
  triggered_by text NOT NULL,
  actor jsonb NOT NULL,
  source jsonb NOT NULL,
  epoch integer NOT NULL,
  metadata jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE progressive_capture_jobs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  repository_id bigint NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  installation_id bigint NOT NULL,
  job_type text NOT NULL CHECK (job_type IN
    ('pull_requests', 'issues', 'history', 'branch_commits', 'labels', 'classify', 'verify')),
  target text NOT NULL,
  items integer[] NOT NULL DEFAULT '{}',
  range_since timestamptz,
  range_until timestamptz,
  include text[] NOT NULL,
  reason text NOT NULL CHECK (reason IN ('webhook', 'manual', 'scheduled', 'installation', 'continuation')),
  actor_id bigint,
  actor_login text,
  delivery_id text,
  is_critical boolean NOT NULL DEFAULT false,
  priority smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 9),
  processor_type text NOT NULL CHECK (processor_type IN ('inngest', 'github_actions')),
  rule text NOT NULL,
  enrolment_reason text NOT NULL,
  is_exposed boolean NOT NULL DEFAULT false,
  -- Would run in GitHub Actions if no stop, rollout or missing workflow stood in the way.
  is_bulk boolean NOT NULL DEFAULT false,
  arm text NOT NULL CHECK (arm IN ('enrolled', 'control')),
  rollout_epoch integer NOT NULL,
  rollout_phase integer NOT NULL,
  rollout_version integer NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN
    ('queued', 'dispatched', 'running', 'completed', 'failed', 'cancelled', 'timed_out', 'lost', 'skipped', 'blocked')),
  status_reason text,
  error text,
  attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 20),
  run integer NOT NULL DEFAULT 0 CHECK (run >= 0),
  not_before timestamptz NOT NULL DEFAULT now(),
  dispatched_at timestamptz,
  lease_holder text,
  lease_expires_at timestamptz,
  heartbeat_at timestamptz,
  workflow_run_id bigint,
  progress jsonb,
  result jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (attempt <= max_attempts),
  CHECK ((completed_at IS NULL) = (status IN ('queued', 'dispatched', 'running')))
);
-- An event coalesces into work that has not started; one that arrives later makes a new job.
CREATE UNIQUE INDEX progressive_capture_jobs_dedupe ON progressive_capture_jobs (repository_id, job_type, target)
  WHERE status = 'queued' AND dispatched_at IS NULL;
CREATE INDEX progressive_capture_jobs_due ON progressive_capture_jobs (priority, not_before) WHERE status = 'queued';
CREATE INDEX progressive_capture_jobs_leases ON progressive_capture_jobs (lease_expires_at)
  WHERE status IN ('dispatched', 'running');
CREATE INDEX progressive_capture_jobs_repository ON progressive_capture_jobs (repository_id, created_at);
CREATE UNIQUE INDEX progressive_capture_jobs_workflow_run ON progressive_capture_jobs (workflow_run_id, id);

CREATE TABLE job_runs (
  job_id uuid NOT NULL REFERENCES progressive_capture_jobs (id) ON DELETE CASCADE,
  run integer NOT NULL CHECK (run > 0),
  attempt integer NOT NULL,
  processor_type text NOT NULL CHECK (processor_type IN ('inngest', 'github_actions')),
  worker text CHECK (worker IN ('inngest', 'workflow', 'in_process')),
  state text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'sent', 'running', 'ended')),
  workflow_run_id bigint,
  workflow_run_attempt integer,
  inngest_run_id text,
  session_token_hash text,
  conclusion text,
  error text,
  points integer,
  requests integer,
  rows_stored integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  asked_next_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (job_id, run)
);
CREATE INDEX job_runs_workflow_run ON job_runs (workflow_run_id);
CREATE INDEX job_runs_created ON job_runs (created_at);

CREATE TABLE rollout_metrics (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id uuid NOT NULL UNIQUE REFERENCES progressive_capture_jobs (id) ON DELETE CASCADE,
  repository_id bigint NOT NULL,
  processor_type text NOT NULL CHECK (processor_type IN ('inngest', 'github_actions')),
  outcome text NOT NULL CHECK (outcome IN
    ('success', 'failure', 'timed_out', 'lost', 'cancelled', 'skipped', 'blocked')),
  exposed boolean NOT NULL,
  arm text NOT NULL CHECK (arm IN ('enrolled', 'control')),
  epoch integer NOT NULL,
  phase integer NOT NULL,
  success_count integer NOT NULL CHECK (success_count IN (0, 1)),
  error_count integer NOT NULL CHECK (error_count IN (0, 1)),
  average_processing_time double precision NOT NULL CHECK (average_processing_time >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (success_count + error_count <= 1)
);
CREATE INDEX rollout_metrics_created ON rollout_metrics (created_at);

CREATE TABLE deliveries (
  id text PRIMARY KEY,
  event text NOT NULL,
  action text,
  installation_id bigint,
  repository_id bigint,
  outcome text NOT NULL,
  job_ids uuid[] NOT NULL DEFAULT '{}',
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX deliveries_received ON deliveries (received_at);

-- A comment's command is carried out once, whatever is delivered twice or retried.
CREATE TABLE commands (
  comment_id bigint NOT NULL,
  command_index integer NOT NULL,
  repository_id bigint NOT NULL,
  actor_id bigint NOT NULL,
  verb text NOT NULL,
  body_sha256 text NOT NULL,
  outcome text NOT NULL DEFAULT 'received',
  reason_code text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (comment_id, command_index)
);

-- OIDC tokens that were used, so that one can't be used again by another run.
CREATE TABLE oidc_tokens (
  jti text PRIMARY KEY,
  workflow_run_id bigint NOT NULL,
  run_attempt integer NOT NULL,
  job_id uuid,
  expires_at timestamptz NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  fence bigint NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL
);

-- The only writer of rollout_history and of the version, so that a change by hand is in the history too.
CREATE FUNCTION rollout_configuration_changing() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();
  -- The flag and the state tell the same, whichever of them was changed.
  IF NEW.emergency_stop IS DISTINCT FROM OLD.emergency_stop THEN
    IF NEW.emergency_stop THEN
      NEW.state := 'stopped';
    ELSIF NEW.state = 'stopped' THEN
      NEW.state := 'running';
    END IF;
  ELSIF NEW.state IS DISTINCT FROM OLD.state THEN
    NEW.emergency_stop := NEW.state = 'stopped';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rollout_configuration_version BEFORE UPDATE ON rollout_configuration
  FOR EACH ROW EXECUTE FUNCTION rollout_configuration_changing();

CREATE FUNCTION rollout_configuration_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  old_row jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}'::jsonb END;
  new_row jsonb := to_jsonb(NEW);
  actor jsonb := coalesce(nullif(current_setting('hybrid.actor', true), '')::jsonb,
                          jsonb_build_object('type', 'sql', 'login', session_user));
  source jsonb := coalesce(nullif(current_setting('hybrid.source', true), '')::jsonb,
                           jsonb_build_object('type', 'sql'));
  action text := nullif(current_setting('hybrid.action', true), '');
  changes jsonb;
BEGIN
  SELECT coalesce(jsonb_object_agg(key, jsonb_build_object('before', old_row -> key, 'after', value)), '{}'::jsonb)
    INTO changes FROM jsonb_each(new_row)
    WHERE value IS DISTINCT FROM old_row -> key AND key NOT IN ('version', 'updated_at', 'salt', 'id');
  INSERT INTO rollout_history (feature_name, action, version_before, version_after, previous_percentage,
      new_percentage, reason, triggered_by, actor, source, epoch, metadata)
    VALUES (NEW.feature_name,
      coalesce(action, CASE
        WHEN TG_OP = 'INSERT' THEN 'create'
        WHEN NEW.emergency_stop AND NOT (old_row ->> 'emergency_stop')::boolean THEN 'emergency_stop'
        WHEN NOT NEW.emergency_stop AND (old_row ->> 'emergency_stop')::boolean THEN 'resume'
        WHEN NEW.rollout_percentage IS DISTINCT FROM (old_row ->> 'rollout_percentage')::numeric THEN 'set'
        ELSE 'change' END),
      (old_row ->> 'version')::integer, NEW.version, (old_row ->> 'rollout_percentage')::numeric,
      NEW.rollout_percentage, nullif(current_setting('hybrid.reason', true), ''),
      coalesce(actor ->> 'login', actor ->> 'type'), actor, source, NEW.epoch,
      jsonb_build_object('changes', changes));
  RETURN NULL;
END $$;
CREATE TRIGGER rollout_configuration_history AFTER INSERT OR UPDATE ON rollout_configuration
  FOR EACH ROW EXECUTE FUNCTION rollout_configuration_changed();

CREATE FUNCTION rollout_history_is_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  RAISE EXCEPTION 'rollout_history is append-only';
END $$;
CREATE TRIGGER rollout_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rollout_history
  FOR EACH STATEMENT EXECUTE FUNCTION rollout_history_is_append_only();

-- What GitHub counts against what is stored: a row here is a gap; where expected is NULL, GitHub's count is not known yet.
-- With the rights of who asks, since a view of its owner's would go round row-level security.
CREATE VIEW capture_gaps WITH (security_invoker = true) AS
SELECT p.repository_id, p.id AS pull_request_id, p.number, c.connection, c.expected, c.stored
FROM pull_requests p CROSS JOIN LATERAL (VALUES
  ('comments', p.comments_count, (SELECT count(*) FROM comments x
     WHERE x.pull_request_id = p.id AND x.comment_type = 'issue' AND x.deleted_at IS NULL)),
  ('reviews', p.reviews_count, (SELECT count(*) FROM reviews x WHERE x.pull_request_id = p.id AND x.deleted_at IS NULL)),
  ('review_threads', p.review_threads_count, (SELECT count(*) FROM review_threads x
     WHERE x.pull_request_id = p.id AND x.deleted_at IS NULL)),
  ('review_comments', (SELECT coalesce(sum(t.comments_count), 0)::integer FROM review_threads t
     WHERE t.pull_request_id = p.id AND t.deleted_at IS NULL), (SELECT count(*) FROM comments x
     WHERE x.pull_request_id = p.id AND x.comment_type = 'review' AND x.deleted_at IS NULL)),
  ('commits', p.commits_count, (SELECT count(*) FROM commits x WHERE x.pull_request_id = p.id)),
  ('files', p.files_count, (SELECT count(*) FROM files x WHERE x.pull_request_id = p.id)),
  ('labels', p.labels_count, (SELECT count(*) FROM pull_request_labels x WHERE x.pull_request_id = p.id)),
  ('assignees', p.assignees_count, (SELECT count(*) FROM pull_request_assignees x WHERE x.pull_request_id = p.id))
) AS c (connection, expected, stored)
WHERE p.deleted_at IS NULL AND c.expected IS DISTINCT FROM c.stored;
`;

;// CONCATENATED MODULE: ./build/src/store/migrations/index.js

/** All migrations in their order. A static list, since the Action's bundle has no folder to read. */
const MIGRATIONS = [{ name: '0001-initial', sql: _0001_initial_sql }];

// EXTERNAL MODULE: ./build/src/store/postgres-dialect.js
var postgres_dialect = __webpack_require__(7539);
;// CONCATENATED MODULE: ./build/src/store/migrate.js



/** The database can't be migrated as it is; the message says what to do. */
class MigrationRefusedError extends Error {
    name = 'MigrationRefusedError';
    code;
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}
/** Tables and views that the migrations made are ours; the names of the applied ones are kept here. */
const LEDGER = 'hybrid_capture_migrations';
/** "hyca" as a number: the key of our lock, which is no secret but must be nobody else's. */
const LOCK_KEY = 0x68_79_63_61;
/**
 * Brings the schema up to date, all in one transaction: two processes that start at once wait for each other, and what
 * fails leaves nothing behind. The lock belongs to the transaction, so it works through a transaction pooler.
 * @throws MigrationRefusedError when the schema holds tables of others, or was migrated by a newer version
 */
async function migrate(db, { schema, migrations = MIGRATIONS } = {}) {
    return db.transaction().execute(async (transaction) => {
        const trx = transaction.withoutPlugins();
        await (0,sql/* sql */.l) `select pg_advisory_xact_lock(${LOCK_KEY})`.execute(trx);
        const target = await enterSchema(trx, schema ?? null);
        const applied = await readLedger(trx, target);
        refuseNewer(applied, migrations);
        const pending = migrations.filter(({ name }) => !applied.includes(name));
        if (pending.length === 0)
            return { applied: [] };
        const before = await listRelations(trx, target);
        for (const migration of pending) {
            // As one string for EXECUTE, since the extended protocol, which PGlite uses, takes single statements only.
            await sql/* sql */.l
                .raw(`DO $migrate$ BEGIN EXECUTE $migration$${migration.sql}$migration$; END $migrate$`)
                .execute(trx);
            await (0,sql/* sql */.l) `insert into ${sql/* sql */.l.table(LEDGER)} (name) values (${migration.name})`.execute(trx);
        }
        await closeToOthers(trx, target, before);
        return { applied: pending.map(({ name }) => name) };
    });
}
/** Makes the schema the only one that names are looked up in, and answers its name. */
async function enterSchema(trx, schema) {
    if (schema !== null) {
        const { rows } = await (0,sql/* sql */.l) `select 1 from pg_namespace where nspname = ${schema}`.execute(trx);
        // Only then, since it needs a right on the database that the role may lack.
        if (rows.length === 0)
            await (0,sql/* sql */.l) `create schema ${sql/* sql */.l.id(schema)}`.execute(trx);
    }
    const { rows } = await (0,sql/* sql */.l) `select current_schema() as name`.execute(trx);
    const target = schema ?? rows[0]?.name ?? null;
    if (target === null) {
        throw new MigrationRefusedError('no_schema', 'No schema of the search_path exists. Set DATABASE_SCHEMA to the schema that the tables shall be in.');
    }
    await sql/* sql */.l.raw(`set local search_path to ${(0,postgres_dialect/* quoteName */.A)(target)}`).execute(trx);
    return target;
}
/** The migrations that were applied; creates the table of them in an empty schema. */
async function readLedger(trx, schema) {
    const relations = await listRelations(trx, schema);
    if (!relations.has(LEDGER)) {
        refuseForeignTables([...relations.keys()], schema);
        await (0,sql/* sql */.l) `create table ${sql/* sql */.l.table(LEDGER)} (
      name text primary key, applied_at timestamptz not null default now())`.execute(trx);
        await closeToOthers(trx, schema, relations);
        return [];
    }
    const { rows } = await (0,sql/* sql */.l) `select name from ${sql/* sql */.l.table(LEDGER)} order by name`.execute(trx);
    return rows.map(({ name }) => name);
}
function refuseForeignTables(names, schema) {
    if (names.length === 0)
        return;
    const shown = names.slice(0, 10).join(', ');
    const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
    throw new MigrationRefusedError('tables_in_the_way', `The schema "${schema}" holds tables that are not ours: ${shown}${more}. They were left as they are. Set DATABASE_SCHEMA to a schema of its own (such as hybrid_capture; it is created), or DATABASE_URL to an empty database.`);
}
function refuseNewer(applied, migrations) {
    const known = new Set(migrations.map(({ name }) => name));
    const unknown = applied.filter((name) => !known.has(name));
    if (unknown.length === 0)
        return;
    throw new MigrationRefusedError('newer_database', `The database was migrated by a newer version of this program (${unknown.join(', ')}; the newest known here is ${migrations.at(-1)?.name ?? 'none'}). Run that version or a later one.`);
}
/** Name to kind (pg_class.relkind) of what holds data in the schema, but for what an extension brought. */
async function listRelations(trx, schema) {
    const { rows } = await (0,sql/* sql */.l) `
    select c.relname as name, c.relkind::text as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by c.relname`.execute(trx);
    return new Map(rows.map(({ name, kind }) => [name, kind]));
}
/**
 * Row-level security on every new table, and no right on anything new for the roles through which Supabase's API serves
 * a `public` schema to browsers (its default privileges grant them everything). The owner, this program, is not bound.
 */
async function closeToOthers(trx, schema, before) {
    const { rows: roles } = await (0,sql/* sql */.l) `
    select rolname as name from pg_roles where rolname in ('anon', 'authenticated')`.execute(trx);
    for (const [name, kind] of await listRelations(trx, schema)) {
        if (before.has(name))
            continue;
        const relation = `${(0,postgres_dialect/* quoteName */.A)(schema)}.${(0,postgres_dialect/* quoteName */.A)(name)}`;
        if (kind === 'r' || kind === 'p')
            await sql/* sql */.l.raw(`alter table ${relation} enable row level security`).execute(trx);
        for (const role of roles) {
            const type = kind === 'S' ? 'sequence' : 'table';
            await sql/* sql */.l.raw(`revoke all on ${type} ${relation} from ${(0,postgres_dialect/* quoteName */.A)(role.name)}`).execute(trx);
        }
    }
}


/***/ }),

/***/ 7539:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   A: () => (/* binding */ quoteName),
/* harmony export */   T: () => (/* binding */ PoolerSafeDialect)
/* harmony export */ });
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2700);
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(7331);
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(4596);

/**
 * Kysely's Postgres dialect, made fit for a transaction pooler: between transactions such a pooler gives a client's
 * statements to any server connection, so a `SET search_path` would be lost to us and would reach others, and as a
 * start-up option it is refused or ignored (PgBouncer's `ignore_startup_parameters`). Therefore, where a schema is
 * given, it is set for each transaction, and a single statement becomes a transaction of its own.
 */
class PoolerSafeDialect extends kysely__WEBPACK_IMPORTED_MODULE_0__/* .PostgresDialect */ .a {
    #config;
    constructor(config) {
        super(config);
        this.#config = config;
    }
    createDriver() {
        return new PoolerSafeDriver(this.#config);
    }
}
class PoolerSafeDriver extends kysely__WEBPACK_IMPORTED_MODULE_1__/* .PostgresDriver */ .W {
    #setSchema;
    #translateError;
    #prepared = new WeakSet();
    #inTransaction = new WeakSet();
    constructor(config) {
        super(config);
        this.#setSchema =
            config.schema === null
                ? null
                : kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw(`set local search_path to ${quoteName(config.schema)}`);
        this.#translateError = config.translateError;
    }
    async acquireConnection() {
        try {
            const connection = await super.acquireConnection();
            if (!this.#prepared.has(connection))
                this.#prepare(connection);
            return connection;
        }
        catch (error) {
            throw this.#translateError(error);
        }
    }
    async beginTransaction(connection, settings) {
        this.#inTransaction.add(connection);
        await super.beginTransaction(connection, settings);
        if (this.#setSchema !== null)
            await connection.executeQuery(this.#setSchema);
    }
    async releaseConnection(connection) {
        this.#inTransaction.delete(connection);
        await super.releaseConnection(connection);
    }
    #prepare(connection) {
        const execute = connection.executeQuery.bind(connection);
        const setSchema = this.#setSchema;
        connection.executeQuery = async (query) => {
            try {
                return setSchema === null || this.#inTransaction.has(connection)
                    ? await execute(query)
                    : await executeAlone(execute, setSchema, query);
            }
            catch (error) {
                throw this.#translateError(error);
            }
        };
        this.#prepared.add(connection);
    }
}
async function executeAlone(execute, setSchema, query) {
    // Without parameters, so both go in one message of the simple protocol.
    await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw(`begin; ${setSchema.sql}`));
    try {
        const result = await execute(query);
        await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw('commit'));
        return result;
    }
    catch (error) {
        // What went wrong first is what matters; a connection that is broken can't roll back, and the pool drops it.
        await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw('rollback')).catch(() => { });
        throw error;
    }
}
/** A name as SQL writes it, whatever characters it has. */
function quoteName(name) {
    return `"${name.replaceAll('"', '""')}"`;
}


/***/ })

};
