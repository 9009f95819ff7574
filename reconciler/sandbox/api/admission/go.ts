/** How Go treats an object that passes through KubeDB's webhooks: it decodes durations, and encodes them in its own form. */
import { parseGoDuration } from '#model/go-duration';
import type { Breakdown } from '../admission';

const SECOND = 1_000_000_000n;

interface Lifetimes {
  readonly certificates?: readonly { readonly duration?: string; readonly renewBefore?: string }[];
}

/** Returns the refusal of a webhook that cannot decode one of the durations of an object. */
export function undecodable(tls: Lifetimes | undefined, ...durations: readonly (string | undefined)[]): Breakdown | undefined {
  const all = [...durations, ...(tls?.certificates ?? []).flatMap((c) => [c.duration, c.renewBefore])];
  const wrong = all.find((text) => text !== undefined && parseGoDuration(text) === undefined);
  return wrong === undefined ? undefined : { code: 400, message: `time: invalid duration ${JSON.stringify(wrong)}` };
}

/** Returns a duration of seconds or more as Go prints it: `2160h0m0s`. A text that is no duration stays as it is. */
export function goDuration(text: string): string {
  const ns = parseGoDuration(text);
  if (ns === undefined || ns < SECOND) return text;
  const seconds = ns / SECOND;
  const fraction = String(ns % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const rest = `${seconds % 60n}${fraction === '' ? '' : `.${fraction}`}s`;
  if (seconds < 60n) return rest;
  const minutes = `${(seconds / 60n) % 60n}m`;
  return seconds < 3600n ? minutes + rest : `${seconds / 3600n}h${minutes}${rest}`;
}
