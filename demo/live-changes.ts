import type { Town } from './town.ts';

/** What people do while the app watches: each call changes the local GitHub and sends its webhooks. */
export async function liveChanges({ sandbox, captured }: Town): Promise<void> {
  const { change } = sandbox;
  const { made: pull } = await change.openPullRequest(captured, 'mona', {
    title: 'Teach the widget to turn',
    body: 'It could only slide.',
    files: [['src/widget.ts', 40, 3]],
  });
  await change.pushCommit(pull, 'mona', 'Turn the other way too');
  const { made: comment } = await change.comment(pull, 'hubot', 'Looks right to me.');
  await change.editComment(comment, 'hubot', 'Looks right to me, but see below.');
  const { made: line } = await change.commentOnLine(
    pull,
    'hubot',
    { path: 'src/widget.ts', line: 7 },
    'Degrees?',
  );
  await change.reply(line.thread, 'mona', 'Radians.');
  await change.resolveThread(line.thread, 'mona');
  await change.addLabelTo(pull, 'mona', 'enhancement');
  await change.review(pull, 'hubot', 'APPROVED', 'Good.');
  await change.mergePullRequest(pull, 'mona');
  const { made: gone } = await change.comment(pull, 'hubot', 'Wrong window, sorry.');
  await change.deleteComment(gone, 'hubot');
  const { made: issue } = await change.openIssue(captured, 'hubot', { title: 'The widget squeaks' });
  await change.comment(issue, 'mona', 'Oil it.');
}
