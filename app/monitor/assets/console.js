/** Names of the earlier console, for those who know them. */
const ALIASES = {
  setRollout: 'set',
  emergencyStop: 'stop',
  monitorPhase4: 'monitor',
};

/** What a button asks before it sends its verb. */
const FORMS = {
  stop: {
    title: 'Emergency stop',
    text: 'No more work starts in GitHub Actions; all of it goes to Inngest. Nothing is lost.',
    cancelRuns: true,
    danger: true,
  },
  hold: { title: 'Hold the rollout', text: 'It stops advancing; who is in stays in.' },
  resume: { title: 'Resume the rollout', text: 'Ends a stop, a hold or a rollback.' },
  advance: { title: 'Advance one phase', text: 'Only while all gates are open.', force: true },
  set: {
    title: 'Set the percentage',
    text: 'Lowering needs write, raising maintain.',
    percent: true,
    force: true,
  },
  include: {
    title: 'Include',
    text: 'Its bulk work may run in GitHub Actions at any percentage above 0 %.',
    force: true,
  },
  exclude: { title: 'Exclude', text: 'All its work goes to Inngest, at any percentage.' },
  unlist: { title: 'Unlist', text: 'Strategy and percentage decide about it again.', force: true },
};

/** `window.rollout` and the buttons: both send the verbs of `/rollout` to the app, which decides. */
export function startConsole() {
  const data = document.getElementById('console-data');
  if (!data) return;
  const { verbs } = JSON.parse(data.textContent);
  const run = (verb, ...args) => send(verb, args.filter((arg) => arg !== undefined).map(String));
  const say = async (verb, ...args) => {
    const answer = await run(verb, ...args);
    print(answer);
    return answer;
  };
  const rollout = Object.fromEntries(verbs.map(({ verb }) => [verb, (...args) => say(verb, ...args)]));
  for (const [name, verb] of Object.entries(ALIASES)) rollout[name] = (...args) => say(verb, ...args);
  rollout.help = (verb) => (verb === undefined ? printHelp(verbs) : say('help', verb));
  Object.defineProperty(window, 'rollout', { value: Object.freeze(rollout), enumerable: true });

  // Buttons come and go with their sections.
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('button[data-verb]');
    if (button) openForm(button.dataset, verbs, run);
  });
}

async function send(verb, args) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  const response = await fetch('/monitor/api/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { 'x-csrf-token': token } : {}) },
    body: JSON.stringify({ verb, args }),
  });
  const answer = await response.json().catch(() => null);
  if (answer?.headline) return answer;
  const text = answer?.error?.message ?? `The app answered ${response.status}.`;
  return { ok: false, reasonCode: answer?.error?.code ?? 'no_answer', headline: text, table: [], body: [] };
}

function print({ ok, headline, table, body, quoted, details }) {
  const out = globalThis.console;
  (ok ? out.info : out.warn).call(out, plain(headline));
  if (table.length > 0)
    out.table(Object.fromEntries(table.map(([label, value]) => [plain(label), plain(value)])));
  if (details)
    out.table(
      details.rows.map((row) => Object.fromEntries(details.columns.map((column, i) => [column, row[i]]))),
    );
  for (const line of body) out.info(plain(line));
  if (quoted) out.info(`> ${quoted}`);
}

function printHelp(verbs) {
  const out = globalThis.console;
  const lines = verbs.map(
    ({ verb, usage, summary, needs }) => `rollout.${verb}(…)  ${usage}  (${needs})\n    ${summary}`,
  );
  const aliases = Object.entries(ALIASES).map(([name, verb]) => `rollout.${name}(…) is rollout.${verb}(…)`);
  out.info(
    [...lines, ...aliases, "Arguments are the words of the command: rollout.set(50, 'ready')"].join('\n'),
  );
}

/** @param repository its full name, for a verb that names one */
function openForm({ verb, repository }, verbs, run) {
  const form = FORMS[verb];
  const known = verbs.find((one) => one.verb === verb);
  const dialog = document.getElementById('command');
  if (!form || !known || !dialog) return;
  const version = document.querySelector('[data-version]')?.dataset.version;
  const id = (name) => `command-${name}`;
  const field = (name, label, input) =>
    element('div', { className: 'field' }, [
      element('label', { htmlFor: id(name), textContent: label }),
      input,
    ]);
  const tick = (name, label) => {
    const input = element('input', { type: 'checkbox', id: id(name) });
    const line = element('div', { className: 'tick' }, [
      input,
      element('label', { htmlFor: id(name), textContent: label }),
    ]);
    return { input, line };
  };
  const reason = element('input', { id: id('reason'), required: true, maxLength: 280, autocomplete: 'off' });
  const percent = element('input', {
    id: id('percent'),
    required: true,
    type: 'number',
    min: '0',
    max: '100',
    step: '0.01',
    inputMode: 'decimal',
  });
  const cancelRuns = tick('cancel-runs', 'Cancel runs that are going on too');
  const force = tick('force', 'Pass over closed gates (admin)');
  const result = element('div', { className: 'result', role: 'status' });
  const title = repository === undefined ? form.title : `${form.title} ${repository}`;
  const submit = element('button', {
    type: 'submit',
    className: form.danger ? 'danger' : 'primary',
    textContent: form.title,
  });
  const close = element('button', { type: 'button', textContent: 'Cancel' });
  close.addEventListener('click', () => dialog.close());
  const body = element('form', { method: 'dialog' }, [
    element('h2', { id: 'command-title', textContent: title }),
    element('p', { textContent: form.text }),
    ...(form.percent ? [field('percent', 'Percent', percent)] : []),
    field('reason', 'Reason, for the history', reason),
    ...(form.cancelRuns ? [cancelRuns.line] : []),
    ...(form.force ? [force.line] : []),
    element('div', { className: 'buttons' }, [submit, close]),
    result,
  ]);
  body.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    result.replaceChildren(element('p', { textContent: 'Sent …' }));
    const args = [
      ...(repository === undefined ? [] : [repository]),
      ...(form.percent ? [percent.value] : []),
      '--reason',
      reason.value,
      ...(cancelRuns.input.checked ? ['--cancel-runs'] : []),
      ...(force.input.checked ? ['--force'] : []),
      // Somebody may have changed it since this page was read.
      ...(known.flags.includes('if-version') && version ? ['--if-version', version] : []),
    ];
    const answer = await run(verb, ...args).catch(() => ({
      ok: false,
      headline: 'The app did not answer. Whether it was done, the history says.',
      table: [],
      body: [],
    }));
    submit.disabled = false;
    showAnswer(result, answer);
    if (answer.ok) {
      submit.remove();
      close.textContent = 'Close';
      close.focus();
    }
  });
  // The button may have been replaced in the meantime.
  dialog.onclose = () => {
    const buttons = [...document.querySelectorAll(`button[data-verb="${verb}"]`)];
    buttons.find(({ dataset }) => dataset.repository === repository)?.focus();
  };
  dialog.replaceChildren(body);
  dialog.showModal();
}

/** As text: an answer may quote anybody. */
function showAnswer(place, { ok, headline, table, body }) {
  place.replaceChildren(
    element('p', { className: ok ? 'done' : 'error-text', textContent: plain(headline) }),
    element(
      'dl',
      { className: 'pairs' },
      table.map(([label, value]) =>
        element('div', {}, [
          element('dt', { textContent: plain(label) }),
          element('dd', { textContent: plain(value) }),
        ]),
      ),
    ),
    ...body.map((line) => element('p', { textContent: plain(line) })),
  );
}

function element(name, properties, children = []) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/** Inline code, as answers mark it. */
function plain(text) {
  return String(text).replaceAll('`', '');
}
