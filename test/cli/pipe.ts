/** Of a terminal: what commands find whose output goes into a pipe, and that nobody interrupts. */
export const PIPE = { screen: null, listenForInterruption: () => new AbortController().signal } as const;
