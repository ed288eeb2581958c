/** Why work that is Inngest's is done by the worker in this process. */
export const INNGEST_UNAVAILABLE = 'inngest_unavailable';

/** Inngest has taken nothing for this long: an outage, no hiccup. */
const AFTER_MS = 5 * 60_000;
/** While it lasts, a job shows this often whether it is over. */
const PROBE_MS = 60_000;

export interface Outage {
  isOn(): boolean;
  /** It is on, and the next job is to be sent to Inngest again, to see. */
  isProbeDue(now: Date): boolean;
  /** Inngest has taken a run. True: that ends an outage, perhaps one of an earlier life of this process. */
  noteTaken(): boolean;
  /** Inngest has not taken a run. `hiccup`: there is no outage yet. */
  noteRefused(now: Date): 'hiccup' | 'began' | 'goes_on';
}

/** Whether Inngest takes runs, as seen from this process. Time is what it is told. */
export function createOutage(): Outage {
  let refusedSince: Date | null = null;
  let refusedAt: Date | null = null;
  let isOn = false;
  let wasTaken = false;
  return {
    isOn: () => isOn,
    isProbeDue: (now) => isOn && refusedAt !== null && now.getTime() - refusedAt.getTime() >= PROBE_MS,
    noteTaken() {
      const isNews = isOn || !wasTaken;
      wasTaken = true;
      refusedSince = null;
      refusedAt = null;
      isOn = false;
      return isNews;
    },
    noteRefused(now) {
      refusedSince ??= now;
      refusedAt = now;
      if (isOn) return 'goes_on';
      isOn = now.getTime() - refusedSince.getTime() >= AFTER_MS;
      return isOn ? 'began' : 'hiccup';
    },
  };
}
