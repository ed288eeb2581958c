/** Until when GitHub has refused an installation's requests, as the last run of it was told; null: it has not. */
export const sql = /* sql */ `
ALTER TABLE installation_budgets ADD COLUMN silent_until timestamptz;
`;
