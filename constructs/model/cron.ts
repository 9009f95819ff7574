/**
 * Cron schedules as Kubernetes accepts them in a CronJob: five fields, or a macro such as "@daily".
 *
 * Source: Kubernetes' validation of CronJobs and its parser, robfig/cron v3 `ParseStandard`. The cron packages of npm accept schedules that
 * Kubernetes refuses, such as "7" for Sunday, seconds, "L" and "#". A schedule that never occurs, such as 30 February, is refused here, too.
 */
import { parseGoDuration } from './go-duration';

interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the numbers from `min`. */
  readonly names?: readonly string[];
}

const FIELDS: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const MACROS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
/** February in a leap year. */
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTE = 60_000_000_000n;

/** Returns why Kubernetes would refuse a schedule, or would never start it; undefined for a valid schedule. */
export function cronProblem(schedule: string): string | undefined {
  const text = schedule.trim();
  if (text === '') return 'a schedule is not empty';
  if (text.includes('TZ')) return 'Kubernetes refuses a time zone in the schedule itself';
  if (text.startsWith('@')) return macroProblem(text);
  const parts = text.split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return `a schedule has five fields (${FIELDS.map((f) => f.name).join(', ')}), this has ${parts.length}`;
  }
  const parsed = FIELDS.map((field, i) => parseField(parts[i] ?? '', field));
  return parsed.find((field) => typeof field === 'string') ?? (neverOccurs(parsed as Values[]) ? 'no such day ever comes' : undefined);
}

function macroProblem(text: string): string | undefined {
  if (MACROS.includes(text)) return undefined;
  if (!text.startsWith('@every ')) return `Kubernetes knows ${MACROS.join(', ')} and "@every 1h"`;
  const interval = parseGoDuration(text.slice('@every '.length));
  if (interval === undefined) return '"@every" needs a duration in Go syntax, such as "@every 1h30m"';
  return interval < MINUTE ? 'it would start a Job more often than once a minute' : undefined;
}

/** The values that a field allows; "any" for a `*` without a step, which restricts nothing. */
type Values = readonly (number | 'any')[];
/** `*`, `5`, `1-5`, and each of them with a step such as `/15`; `5/15` counts from 5 to the end. */
const RANGE = /^(?:[*?]|(?<from>[a-z]+|\+?\d+)(?:-(?<to>[a-z]+|\+?\d+))?)(?:\/(?<step>\+?\d+))?$/i;

function parseField(text: string, field: CronField): Values | string {
  const values: (number | 'any')[] = [];
  for (const range of text.split(',').filter((part) => part !== '')) {
    const { from, to, step } = RANGE.exec(range)?.groups ?? { from: '-' };
    const start = from === undefined ? field.min : numberOf(from, field);
    const end = to !== undefined ? numberOf(to, field) : from === undefined || step !== undefined ? field.max : start;
    const problem = `the ${field.name} is "${range}"`;
    if (Number.isNaN(start) || Number.isNaN(end)) return `${problem}, which is neither a number nor a name, nor a range of them`;
    if (start < field.min || end > field.max) return `${problem}, and it goes from ${field.min} to ${field.max}`;
    if (start > end) return `${problem}, which ends before it begins`;
    if (Number(step) === 0) return `${problem}, and a step is at least 1`;
    if (from === undefined && Number(step ?? 1) === 1) values.push('any');
    for (let value = start; value <= end; value += Number(step ?? 1)) values.push(value);
  }
  return values.length === 0 ? `the ${field.name} is "${text}", which allows no value` : values;
}

function numberOf(text: string, { min, names = [] }: CronField): number {
  const named = names.indexOf(text.toLowerCase());
  return named >= 0 ? min + named : Number(text);
}

/** If both days are restricted, one of them is enough, and every weekday occurs. */
function neverOccurs([, , days = [], months = [], weekdays = []]: readonly Values[]): boolean {
  if (!weekdays.includes('any')) return false;
  const numbers = (values: Values) => values.filter((value) => value !== 'any');
  return numbers(months).every((month) => Math.min(...numbers(days)) > (LONGEST_MONTHS[month - 1] ?? 0));
}

/** Returns why a CronJob cannot have a time zone; undefined for a valid one. */
export function timeZoneProblem(zone: string): string | undefined {
  const listed = Intl.supportedValuesOf('timeZone').find((name) => name.toLowerCase() === zone.toLowerCase());
  if (listed !== undefined) return listed === zone ? undefined : `it is spelled "${listed}"`;
  // Older names, such as "US/Pacific", are known without being listed. Go looks for a file with exactly this name.
  const isName = /^[A-Z][-A-Za-z_0-9+]*(\/[A-Z][-A-Za-z_0-9+]*)*$/.test(zone);
  return isName && isKnownZone(zone) ? undefined : 'the IANA database has no such time zone';
}

function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
