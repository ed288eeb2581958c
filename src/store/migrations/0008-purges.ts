/** What was erased on purpose: how much and by whom, never what. People are named by their numeric id alone. */
export const sql = /* sql */ `
CREATE TABLE purges (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('repository', 'person')),
  subject_id bigint NOT NULL,
  actor text NOT NULL,
  reason text,
  -- Rows by table: deleted, or with their text erased.
  rows jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
`;
