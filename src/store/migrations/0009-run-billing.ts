/**
 * What the minutes of a workflow run cost, as its OIDC token tells of where it runs. Null: it has not told, as no run did
 * that is older than this column; then they count as billed.
 */
export const sql = /* sql */ `
ALTER TABLE job_runs ADD COLUMN billing text CHECK (billing IN ('billed', 'free_public', 'free_self_hosted'));
`;
