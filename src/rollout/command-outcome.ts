/** What a command answers, before it is rendered for a comment or a terminal. Its texts are ours, with inline code at most. */
export interface CommandOutcome {
  ok: boolean;
  /** Stable; for people who automate and for the `commands` table. */
  reasonCode: string;
  /** One line. */
  headline: string;
  table: readonly (readonly [label: string, value: string])[];
  /** Further lines. */
  body: readonly string[];
  /** What a person wrote, shown back to them: always as code, never as text. */
  quoted?: string;
}

/** A refusal: nothing was changed. */
export function refuse(reasonCode: string, headline: string, ...body: string[]): CommandOutcome {
  return { ok: false, reasonCode, headline, table: [], body };
}
