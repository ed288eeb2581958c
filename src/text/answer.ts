/** What people are answered or told, before it is rendered for a comment or a terminal. */
export interface Answer {
  ok: boolean;
  /** Stable; for people who automate, and for the `commands` table. */
  reasonCode: string;
  /** One line of ours, with inline code at most. */
  headline: string;
  /** Ours too. */
  table: readonly (readonly [label: string, value: string])[];
  /** Further lines of ours. */
  body: readonly string[];
  /** What a person wrote, shown back to them: always as code, never as text. */
  quoted?: string;
  /** Folded away in a comment. The cells may hold anybody's text: each medium neutralises them. */
  details?: { summary: string; columns: readonly string[]; rows: readonly (readonly string[])[] };
}

/** A refusal: nothing was changed. */
export function refuse(reasonCode: string, headline: string, ...body: string[]): Answer {
  return { ok: false, reasonCode, headline, table: [], body };
}
