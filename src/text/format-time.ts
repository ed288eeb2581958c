/** A time as replies show it: to the minute, in UTC. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Hours as people read them: `5 h`, `40 min`, `3 d 2 h`. */
export function formatHours(hours: number): string {
  if (hours < 1) return `${Math.ceil(hours * 60)} min`;
  if (hours < 48) return `${Math.ceil(hours * 10) / 10} h`;
  const whole = Math.ceil(hours);
  return `${Math.floor(whole / 24)} d ${whole % 24} h`;
}
