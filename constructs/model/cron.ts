/**
 * Cron schedules as Kubernetes accepts them in a CronJob: five fields, or a macro such as "@daily".
 *
 * Source: Kubernetes' validation of CronJobs and the parser it uses, robfig/cron v3 `ParseStandard`. Beyond what these refuse, a schedule
 * that never comes is refused here, such as 30 February.
 */
import { parseGoDuration } from './go-duration';

interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for the numbers from `min`. */
  readonly names?: readonly string[];
}

const FIELDS: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const MACROS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
/** February in a leap year. */
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTE = 60_000_000_000n;

/** The values that a field allows, and whether it is a "*" that restricts nothing. */
interface Allowed {
  readonly values: ReadonlySet<number>;
  readonly isAny: boolean;
}

/** Returns why Kubernetes would refuse a schedule, or would never start it; undefined when it is fine. */
export function cronProblem(schedule: string): string | undefined {
  const text = schedule.trim();
  if (text === '') return 'a schedule is not empty';
  if (text.includes('TZ')) return 'Kubernetes refuses a time zone in the schedule itself';
  if (text.startsWith('@')) return macroProblem(text);
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return `a schedule has five fields (${FIELDS.map((f) => f.name).join(', ')}), this has ${fields.length}`;
  }
  const allowed: Allowed[] = [];
  for (const [i, field] of FIELDS.entries()) {
    const parsed = parseField(fields[i] ?? '', field);
    if (typeof parsed === 'string') return parsed;
    allowed.push(parsed);
  }
  return neverComes(allowed) ? 'no such day ever comes' : undefined;
}

function macroProblem(text: string): string | undefined {
  if (MACROS.includes(text)) return undefined;
  if (!text.startsWith('@every ')) return `Kubernetes knows ${MACROS.join(', ')} and "@every 1h"`;
  const interval = parseGoDuration(text.slice('@every '.length));
  if (interval === undefined) return '"@every" needs a duration in Go syntax, such as "@every 1h30m"';
  return interval < MINUTE ? 'it would start a Job more often than once a minute' : undefined;
}

function parseField(text: string, field: CronField): Allowed | string {
  const values = new Set<number>();
  let isAny = false;
  for (const range of text.split(',').filter((part) => part !== '')) {
    const parsed = parseRange(range, field);
    if (typeof parsed === 'string') return parsed;
    for (const value of parsed.values) values.add(value);
    isAny ||= parsed.isAny;
  }
  return values.size === 0 ? `the ${field.name} is "${text}", which allows no value` : { values, isAny };
}

/** `*`, `5`, `1-5`, and each of them with a step such as `/15`; `5/15` counts from 5 to the end. */
function parseRange(text: string, field: CronField): Allowed | string {
  const of = `the ${field.name} is "${text}"`;
  const [span = '', stepText, ...moreSteps] = text.split('/');
  const [from = '', to, ...moreBounds] = span.split('-');
  if (moreSteps.length > 0 || moreBounds.length > 0) return `${of}, which has too many "${moreSteps.length > 0 ? '/' : '-'}"`;
  const isStar = from === '*' || from === '?';
  const start = isStar ? field.min : numberOf(from, field);
  const end = isStar || (to === undefined && stepText !== undefined) ? field.max : to === undefined ? start : numberOf(to, field);
  const step = stepText === undefined ? 1 : /^\+?\d+$/.test(stepText) ? Number(stepText) : undefined;
  if (start === undefined || end === undefined || step === undefined) return `${of}, which is neither a number nor a name`;
  if (start < field.min || end > field.max) return `${of}, and it goes from ${field.min} to ${field.max}`;
  if (start > end) return `${of}, which ends before it begins`;
  if (step === 0) return `${of}, and a step is at least 1`;
  const values = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step);
  return { values: new Set(values), isAny: isStar && step === 1 };
}

function numberOf(text: string, { min, names = [] }: CronField): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** With both days restricted one of them is enough, and every weekday comes. */
function neverComes([, , days, months, weekdays]: readonly Allowed[]): boolean {
  if (days === undefined || months === undefined || weekdays?.isAny === false) return false;
  return [...months.values].every((month) => Math.min(...days.values) > (LONGEST_MONTHS[month - 1] ?? 0));
}

/** Returns why a CronJob cannot have a time zone; undefined when it can. */
export function timeZoneProblem(zone: string): string | undefined {
  const listed = Intl.supportedValuesOf('timeZone').find((name) => name.toLowerCase() === zone.toLowerCase());
  if (listed !== undefined) return listed === zone ? undefined : `it is spelled "${listed}"`;
  // Older names, such as "US/Pacific", are known without being listed. Go looks for a file of exactly this name.
  return /^[A-Z][-A-Za-z_0-9+]*(\/[A-Z][-A-Za-z_0-9+]*)*$/.test(zone) && isKnownZone(zone)
    ? undefined
    : 'the IANA database has no such time zone';
}

function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
