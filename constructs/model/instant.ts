/** Instants in RFC 3339, the format of `issuedAfter`. */

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/;

/** Tells whether a text is an instant: a date that the calendar has, a time of day, and a time zone. */
export function isInstant(text: string): boolean {
  const parts = RFC_3339.exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts;
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  const isInCalendar = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isInCalendar && hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
}
