/**
 * What holders of one installation's API budget were promised (see src/budget/), and what GitHub told of its hours. Rows of
 * grants live for minutes.
 */
export const sql = /* sql */ `
-- Its row is locked while a share is given, so that all who ask for one go in turn.
CREATE TABLE installation_budgets (
  installation_id bigint PRIMARY KEY,
  points_left bigint,
  points_told_at timestamptz,
  points_reset_at timestamptz,
  rest_left bigint,
  rest_told_at timestamptz,
  rest_reset_at timestamptz,
  -- Milliseconds of response time in any 60 s that live work wanted lately.
  live_graphql_ms bigint NOT NULL DEFAULT 0,
  live_rest_ms bigint NOT NULL DEFAULT 0,
  live_seen_at timestamptz,
  CHECK ((points_left IS NULL) = (points_told_at IS NULL)),
  CHECK ((rest_left IS NULL) = (rest_told_at IS NULL))
);

-- Milliseconds of response time in any 60 s. Of a released one: what was used, and each stretch of time has its row.
CREATE TABLE budget_grants (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  installation_id bigint NOT NULL REFERENCES installation_budgets (installation_id) ON DELETE CASCADE,
  holder text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('bulk', 'live')),
  graphql_ms bigint NOT NULL CHECK (graphql_ms >= 0),
  rest_ms bigint NOT NULL CHECK (rest_ms >= 0),
  granted_at timestamptz NOT NULL,
  usable_until timestamptz NOT NULL,
  used_graphql_ms bigint,
  used_rest_ms bigint,
  is_released boolean NOT NULL DEFAULT false,
  CHECK ((used_graphql_ms IS NULL) = (used_rest_ms IS NULL))
);
CREATE INDEX budget_grants_installation ON budget_grants (installation_id, usable_until);
`;
