/** What Go does to an object that passes through KubeDB's webhooks: durations are read, and written in Go's own spelling. */
import { parseGoDuration } from '../../../../constructs/model/go-duration';
import type { Breakdown } from '../admission';
import type { Tree } from '../json';

const SECOND = 1_000_000_000n;

/** Returns the refusal of a webhook that cannot read one of the durations. */
export function undecodable(durations: readonly unknown[]): Breakdown | undefined {
  const wrong = durations.find((d) => d !== undefined && parseGoDuration(String(d)) === undefined);
  return wrong === undefined ? undefined : { code: 400, says: `time: invalid duration ${JSON.stringify(wrong)}` };
}

/** Returns the durations of a `tls`. */
export function durationsOf(tls: Tree | undefined): readonly unknown[] {
  return (tls?.certificates ?? []).flatMap((c: Tree) => [c.duration, c.renewBefore]);
}

/** Returns a duration of seconds or more as Go prints it: `2160h0m0s`. One that cannot be read stays as it is. */
export function spelledByGo(text: string): string {
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
