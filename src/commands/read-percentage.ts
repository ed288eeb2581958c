/** A percentage of the rollout, 0 to 100 with at most two decimals, with or without its sign; undefined: it is none. */
export function readPercentage(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,2})?%?$/.test(text)) return undefined;
  const percentage = Number(text.replace('%', ''));
  return percentage <= 100 ? percentage : undefined;
}
