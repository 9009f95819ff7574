/** Time, as the sandbox needs it. Structurally the reconciler's own clock; the sandbox does not depend on that. */
export interface Clock {
  now(): Date;
  /** Milliseconds that never jump. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Returns an instant the way Kubernetes writes it: RFC 3339, whole seconds. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
