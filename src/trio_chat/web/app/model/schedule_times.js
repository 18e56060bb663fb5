/**
 * Times at which a message is to be sent, as users type them, in the time zone of this device: what
 * `client/schedule_times.py` does in the terminal. Both are tested by `tests/schedule_times.json`.
 */

const DURATION = /^(?:[0-9]{1,5}[smhdw])+$/i;
const CLOCK = /^([0-9]{1,2}):([0-9]{2})$/;
const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const ISO =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$/;
const DAYS_AHEAD = new Map([["today", 0], ["сегодня", 0], ["tomorrow", 1], ["завтра", 1]]);

/**
 * Return the time that a text begins with, as NickServ takes it, and the text behind it; null if it
 * begins with none.
 * @param {string} text Begins with a duration (`20m`, `2h30m`), a time of the next 24 hours
 *   (`17:00`), one of a day (`today 17:00`, `tomorrow 9:00`, `2030-01-31 9:00`), or one of ISO 8601.
 * @param {Date} now
 * @returns {[string, string]|null}
 */
export function splitTime(text, now) {
  const [first, rest] = partition(text);
  if (DURATION.test(first)) return [first, rest];
  const clock = clockOf(first);
  if (clock) {
    const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
    const moment = local(today, clock);
    const found = moment && moment <= now ? local(today, clock, 1) : moment;
    return found && [isoTime(found), rest];
  }
  const day = dayOf(first, now);
  if (day) {
    const [second, behind] = partition(rest);
    const time = clockOf(second);
    const found = time && local(day, time);
    return found && [isoTime(found), behind];
  }
  const iso = isoOf(first.toUpperCase());
  return iso ? [iso, rest] : null;
}

/**
 * @param {string} text
 * @returns {[string, string]}
 */
function partition(text) {
  const space = text.indexOf(" ");
  return space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)];
}

/**
 * @param {string} word
 * @returns {number[]|null}
 */
function clockOf(word) {
  const found = CLOCK.exec(word);
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/**
 * @param {string} word
 * @param {Date} now
 * @returns {number[]|null}
 */
function dayOf(word, now) {
  const ahead = DAYS_AHEAD.get(word.toLowerCase());
  if (ahead !== undefined) {
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead, 12);
    return [next.getFullYear(), next.getMonth() + 1, next.getDate()];
  }
  const found = DAY.exec(word);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : null;
}

/** @param {string} word */
function isoOf(word) {
  const found = ISO.exec(word);
  if (!found) return null;
  const [, date = "", hour = "", minute = "", second = "00", zone] = found;
  const day = date.split("-").map(Number);
  const moment = local(day, [Number(hour), Number(minute), Number(second)]);
  if (!moment) return null;
  if (!zone) return isoTime(moment);
  const offset = zone === "Z" ? "+00:00" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const isOffset = Number(offset.slice(1, 3)) < 24 && Number(offset.slice(-2)) < 60;
  return isOffset ? `${date}T${hour}:${minute}:${second}${offset.replace("-00:00", "+00:00")}` : null;
}

/**
 * Return a moment; null when there is no such day or time. Of a time that a clock skips when summer
 * time begins, it is the one by the clock of before; of one that a clock shows twice, the first.
 * @param {number[]} day Year, month and day.
 * @param {number[]} clock Hour, minute and perhaps second.
 * @param {number} [later] Days.
 */
function local([year = 0, month = 0, day = 0], [hour = 0, minute = 0, second = 0], later = 0) {
  if (!year || hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(2000, 0, 1, 12);
  date.setFullYear(year, month - 1, day);
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return null;
  const moment = new Date(2000, 0, 1);
  moment.setFullYear(year, month - 1, day + later);
  moment.setHours(hour, minute, second, 0);
  return moment;
}

/**
 * Return a moment as NickServ takes it, with the offset that it has here.
 * @param {Date} moment
 */
export function isoTime(moment) {
  return `${localTime(moment)}:${two(moment.getSeconds())}${offsetOf(moment)}`;
}

/**
 * Return a moment as a field for date and time has it.
 * @param {Date} moment
 */
export function localTime(moment) {
  const year = String(moment.getFullYear()).padStart(4, "0");
  const day = `${year}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/**
 * Return the offset from UTC at a moment: `+03:00`.
 * @param {Date} moment
 */
export function offsetOf(moment) {
  const minutes = -moment.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, "0");
}
