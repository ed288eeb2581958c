/** One kind of work that goes on beside others. */
export interface WorkLane {
  /** Pieces of work under way at once. */
  atOnce: number;
  /** Begins the next piece of work, if there is one for now; asked again whenever any piece has ended. */
  next: () => Promise<void> | null;
}

/**
 * Carries out the work of all lanes side by side until none has any left. After a failure nothing new begins; it is thrown
 * once what is under way has ended.
 */
export async function runLanes(lanes: readonly WorkLane[]): Promise<void> {
  const underWay = new Map(lanes.map((lane) => [lane, new Set<Promise<void>>()]));
  const failures: unknown[] = [];

  function begin(lane: WorkLane, running: Set<Promise<void>>): void {
    while (failures.length === 0 && running.size < lane.atOnce) {
      const work = lane.next();
      if (work === null) return;
      const settled = work
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(settled));
      running.add(settled);
    }
  }

  for (;;) {
    for (const [lane, running] of underWay) begin(lane, running);
    const running = [...underWay.values()].flatMap((set) => [...set]);
    if (running.length === 0) break;
    await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
}
