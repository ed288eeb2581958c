/** What the monitor looks for: the newest deliveries of the repositories that somebody sees. */
export const sql = /* sql */ `
CREATE INDEX deliveries_repository ON deliveries (repository_id, received_at);
`;
