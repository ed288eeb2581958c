/**
 * What comes of the work, or what `late` answers or throws when it has taken so many milliseconds. Then it goes on, and
 * whoever must know how it ends looks to that in `late`.
 */
export async function within<Result>(
  ms: number,
  work: Promise<Result>,
  late: () => Result | Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  // Of the two, one may fail when nobody listens any more.
  work.catch(() => {});
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    return await Promise.race([work, timeUp.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
