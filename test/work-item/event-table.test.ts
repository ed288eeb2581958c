import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_TABLE, findEventRule } from '../../src/work-item/event-table.ts';
import { isEventName, PAYLOADS } from '../../src/work-item/payloads.ts';

const DOCS = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

/** The rows below the table's head, cell by cell. */
function tableRows(...head: string[]): string[][] {
  const lines = DOCS.split('\n').map((line) => (line.startsWith('|') ? cells(line) : null));
  const from = lines.findIndex((line) => line?.join() === head.join());
  expect(from).toBeGreaterThan(0);
  const end = lines.indexOf(null, from);
  return lines.slice(from + 2, end).flatMap((line) => (line ? [line] : []));
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('the table of events', () => {
  it('is what docs/events.md shows, line by line', () => {
    const documented = tableRows('event', 'action', 'becomes', 'why').map(
      ([event, action, outcome, why]) => ({
        event: event?.replaceAll('`', ''),
        action: action?.startsWith('every') ? '*' : action?.replaceAll('`', ''),
        outcome: outcome?.replaceAll('`', ''),
        why,
      }),
    );
    expect(documented).toEqual(EVENT_TABLE);
  });

  it('has every outcome explained in docs/events.md, and no other', () => {
    const explained = tableRows('outcome', 'what is done').map(([outcome]) => outcome?.replaceAll('`', ''));
    expect(new Set(explained)).toEqual(new Set(EVENT_TABLE.map((rule) => rule.outcome)));
  });

  it('ends in a line for every action of every event that has a schema, and no other', () => {
    for (const event of Object.keys(PAYLOADS)) {
      if (!isEventName(event)) throw new Error(event);
      expect(findEventRule(event, 'an_action_of_next_year').action).toBe('*');
    }
    for (const { event } of EVENT_TABLE) expect(isEventName(event)).toBe(true);
  });

  it.each([
    ['pull_request', 'opened', 'capture_pull_request'],
    ['issues', 'deleted', 'delete_issue'],
    ['issues', 'pinned', 'capture_issue'],
    ['workflow_run', 'completed', 'end_workflow_run'],
    ['workflow_run', 'requested', 'nothing'],
    ['push', null, 'capture_branch_commits'],
  ] as const)('%s.%s becomes %s', (event, action, outcome) => {
    expect(findEventRule(event, action).outcome).toBe(outcome);
  });
});
