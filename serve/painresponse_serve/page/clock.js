/** Instants by the clinic's clock, without a time zone: text that sorts, and numbers to draw by. */

const DAY = 86_400_000;
const SAID = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** An instant as 2026-03-01T09:00:00, so that texts can be compared; a day begins at midnight. */
export function whole(time) {
  const [day, clock = "00:00"] = time.replace(" ", "T").split("T");
  return `${day}T${clock.length === 5 ? `${clock}:00` : clock}`;
}

/** Milliseconds, as if the clinic's clock were the world's; NaN where it is no instant. */
export const stamp = (time) => Date.parse(`${whole(time)}Z`);

/** Whole days from one instant to another. */
export const daysBetween = (from, to) => Math.floor((stamp(to) - stamp(from)) / DAY);

/** Whole years from one instant to another. */
export const yearsBetween = (from, to) => Math.floor((stamp(to) - stamp(from)) / (365.25 * DAY));

/** For people: 1 Mar 2026, 09:00; without the clock at midnight. */
export function said(time) {
  if (Number.isNaN(stamp(time))) return time;
  const clock = whole(time).slice(11, 16);
  return SAID.format(stamp(time)) + (clock === "00:00" ? "" : `, ${clock}`);
}

/** This moment by the clock of this machine, as a field for date and time wants it. */
export function now() {
  const here = new Date();
  return new Date(here - here.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The whole minute after an instant, as a field wants it. */
export function minuteAfter(time) {
  const minutes = Math.floor(stamp(time) / 60_000) + 1;
  return new Date(minutes * 60_000).toISOString().slice(0, 16);
}
