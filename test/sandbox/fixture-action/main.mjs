import { appendFileSync, readFileSync } from 'node:fs';

const { INPUT_MODE: mode, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, GITHUB_EVENT_PATH } = process.env;
const say = (text) => process.stdout.write(`${text}\n`);

if (mode === 'report') {
  const event = JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8'));
  appendFileSync(
    GITHUB_OUTPUT,
    `answer<<END\n${JSON.stringify({ env: process.env, event })}\nEND\nplain=1\n`,
  );
  appendFileSync(GITHUB_STEP_SUMMARY, '# Done\n');
  say('::group::Work');
  say('::add-mask::hush');
  say(`this is hush, and the token is ${process.env['INPUT_GITHUB-TOKEN']}`);
  say('::endgroup::');
  say('::warning file=a.ts,line=3::careful%0Awith two lines');
  say('a title that says ##[error]gotcha');
} else if (mode === 'oidc') {
  const url = `${process.env.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=https%3A%2F%2Fapp.example`;
  const headers = { authorization: `bearer ${process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
  const { value } = await (await fetch(url, { headers })).json();
  appendFileSync(GITHUB_OUTPUT, `answer=${value}\n`);
} else if (mode === 'fail') {
  say('::error::no good');
  process.exitCode = 3;
} else if (mode === 'wait') {
  process.on('SIGINT', () => {
    say('interrupted');
    process.exit(0);
  });
  say('waiting');
  setInterval(() => {}, 1_000);
} else if (mode === 'stubborn') {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => say(`ignored ${signal}`));
  say('waiting');
  setInterval(() => {}, 1_000);
}
