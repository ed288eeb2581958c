import {
  describeGate,
  describeState,
  formatPercent,
  statusTable,
} from '../../src/rollout/describe-rollout.ts';
import type { Gate } from '../../src/rollout/guard/judge-gates.ts';
import { nextPhase } from '../../src/rollout/phases.ts';
import type { Viewer } from './access.ts';
import { type Html, html, long, type Part } from './html.ts';
import { commandButton, pairs, table, time } from './render-parts.ts';
import type { RolloutSnapshot } from './snapshots.ts';

/** Rows that the page shows by other means. */
const SHOWN_ELSEWHERE = ['State', 'Percentage', 'Soak', 'Cool-down', 'Freeze'];

/** Where the rollout stands, what the next phase waits for, and the buttons. */
export function renderRollout({ picture }: RolloutSnapshot, viewer: Viewer): Html {
  const { rollout, tick } = picture;
  const closed = tick.gates.filter(({ isOpen }) => !isOpen);
  const next = nextPhase(rollout);
  const open = tick.gates.filter(({ isOpen }) => isOpen);
  const rows = statusTable(picture)
    .filter(([label]) => !SHOWN_ELSEWHERE.includes(label))
    .map(
      ([label, value]) =>
        [
          label,
          label === 'Repositories in'
            ? html`<a href="/monitor/repositories?in=in">${value}</a>`
            : long(value),
        ] as const,
    );
  return html`<div data-version="${String(rollout.version)}">
<p class="state"><strong>${formatPercent(rollout.percentage)}</strong> <span>${describeState(rollout)}</span></p>
${renderPhases(rollout.phases, rollout.percentage)}
${rollout.hold?.reason ? html`<p class="quoted">${long(rollout.hold.reason)}</p>` : null}
${renderButtons(viewer)}
<p>${long(tick.decision.text)}</p>
<h3>${next === null ? 'Until completion' : `Until ${formatPercent(next)}`}: ${closed.length === 0 ? 'all gates are open' : `${closed.length} of ${tick.gates.length} gates are closed`}</h3>
${renderGates(closed)}
<details data-key="gates"><summary>Open gates</summary>${renderGates(open)}</details>
<details data-key="rollout-facts" data-open-where-wide><summary>Everything about it</summary>${pairs(rows)}</details>
</div>`;
}

function renderGates(gates: readonly Gate[]): Html {
  const items = gates.map(
    (
      gate,
    ) => html`<li class="${gate.isOpen ? 'open' : 'closed'}"><span class="mark" aria-hidden="true"></span>
<span><strong>${gate.label}</strong> ${describeGate(gate)}</span></li>`,
  );
  return html`<ul class="gates">${items}</ul>`;
}

function renderPhases(phases: readonly number[], percentage: number): Html {
  const steps = phases.map(
    (phase) =>
      html`<li class="${phase <= percentage ? 'reached' : 'ahead'}">${formatPercent(phase)}<span class="visually-hidden">${phase <= percentage ? ', reached' : ', ahead'}</span></li>`,
  );
  return html`<progress class="share" max="100" value="${String(percentage)}" aria-label="Share of the rollout">${formatPercent(percentage)}</progress><ol class="phases" aria-label="Phases">${steps}</ol>`;
}

const BUTTONS = [
  ['stop', 'Emergency stop', 'danger'],
  ['hold', 'Hold', ''],
  ['resume', 'Resume', ''],
  ['advance', 'Advance', ''],
  ['set', 'Set percentage', ''],
] as const;

function renderButtons(viewer: Viewer): Html {
  if (viewer.person === null) {
    return html`<p class="muted">To change something, <a href="/monitor/sign-in">sign in through GitHub</a>: a change names a person.</p>`;
  }
  const buttons = BUTTONS.map(([verb, label, className]) =>
    commandButton(verb, label, viewer, { className }),
  );
  return html`<div class="buttons" role="group" aria-label="Change the rollout">${buttons}</div>`;
}

/** The newest changes, whoever made them and by whatever way. */
export function renderHistory({ history }: RolloutSnapshot): Html {
  return table(
    'History of the rollout',
    ['#', 'when', 'action', 'percentage', 'by', 'from', 'why'],
    history.map((entry): Part[] => [
      String(entry.seq),
      time(entry.at),
      entry.action,
      entry.before === null || entry.before === entry.after
        ? formatPercent(entry.after)
        : `${formatPercent(entry.before)} → ${formatPercent(entry.after)}`,
      entry.by,
      entry.source,
      html`${entry.reasonCode ? html`<code>${entry.reasonCode}</code> ` : null}${entry.reason}`,
    ]),
  );
}
