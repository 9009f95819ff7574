/**
 * Go's duration syntax, which fields of type `metav1.Duration` have: a sequence of decimal numbers with a unit, such as `2160h` or `1h30m`.
 * There is no unit for days. Source: Go `time.ParseDuration`.
 */

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5 micro sign
  μs: 1_000n, // U+03BC Greek mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX = 2n ** 63n - 1n;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;

/** Returns a Go duration in nanoseconds, or undefined when Go would refuse the text. */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0n;
  if (body === '') return undefined;
  let total = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const match = PART.exec(body);
    if (match === null) return undefined;
    const [, whole = '', fraction = '', unit = ''] = match;
    if (whole === '' && fraction === '') return undefined;
    const scale = NANOSECONDS[unit] ?? 0n;
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > MAX) return undefined;
  }
  return negative ? -total : total;
}

/** Returns a Go duration in milliseconds, or undefined when Go would refuse the text. */
export function goDurationMs(text: string): number | undefined {
  const ns = parseGoDuration(text);
  return ns === undefined ? undefined : Number(ns / 1_000_000n);
}

/** Returns the shortest spelling in hours, minutes and seconds: `2160h`, `1h30m`, `0.5s`. */
export function formatGoDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  let rest = ns < 0n ? -ns : ns;
  const hours = rest / (NANOSECONDS.h ?? 1n);
  rest %= NANOSECONDS.h ?? 1n;
  const minutes = rest / (NANOSECONDS.m ?? 1n);
  rest %= NANOSECONDS.m ?? 1n;
  const seconds = rest / 1_000_000_000n;
  const fraction = (rest % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  const parts = [hours > 0n ? `${hours}h` : '', minutes > 0n ? `${minutes}m` : ''];
  if (seconds > 0n || fraction !== '') parts.push(`${seconds}${fraction === '' ? '' : `.${fraction}`}s`);
  return sign + parts.join('');
}
