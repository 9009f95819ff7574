/**
 * Events on a terminal. What has happened is a line that stays. Below these lines is a block that is redrawn every second: one line for each
 * pod that is waited for or refused by its gates, or for the object that the run waits for, and the total.
 *
 *     09:00:05 [5/13] Pod/demo/orders-controller-0 evicted: its certificate changes (1 of 6, controller)
 *     09:00:12 [5/13] Pod/demo/orders-controller-0 waiting: is Pending (7s, gives up after 10m)
 *     4 of 13 steps done, about 1m50s left
 *
 * The block is drawn here and not by a library: log-update and listr2 write to a stream with separate timers, and bring ten packages for
 * these few lines.
 */
import { formatRef, type ObjectRef } from '#model/kube-object';
import { type Plan, partsOf, restartsOf } from '../model/plan';
import type { Clock, ProgressEvent } from '../ports';
import { eventLine, formatAge, type Progress, waitRemark, withRemark } from './progress';
import { painterOf, type Style } from './style';

const REDRAW_MS = 1_000;
/** Clears the line of the cursor, and moves up. */
const CLEAR_LINE = '\r\u001b[2K';
const UP = '\u001b[1A';
/** Further pods are counted: the block must fit on a small screen. */
const MOST_LINES = 8;

/** What a line of the block shows. */
interface Moving {
  readonly event: ProgressEvent;
  readonly sinceMs: number;
  /** The pod may not restart; another event means that its gate was asked again. */
  readonly isRefused: boolean;
}

/** Returns a report for a terminal. */
export function createLive(write: (text: string) => void, clock: Clock, style: Style): Progress {
  const paint = painterOf(style);
  const moving = new Map<string, Moving>();
  const remaining = new Remaining(clock);
  let drawn = 0;
  let ticking: AbortController | undefined;

  function erase(): string {
    const text = drawn === 0 ? '' : `${CLEAR_LINE}${`${UP}${CLEAR_LINE}`.repeat(drawn - 1)}`;
    drawn = 0;
    return text;
  }

  /** Replaces the block, after lines that stay. */
  function draw(lasting = ''): void {
    const erased = erase();
    const lines = moving.size === 0 ? [] : block();
    drawn = lines.length;
    const text = `${erased}${lasting}${lines.map((line) => paint.dim(line)).join('\n')}`;
    if (text !== '') write(text);
  }

  function block(): readonly string[] {
    const room = (style.columns ?? 80) - 1;
    const shown = [...moving.values()].slice(0, MOST_LINES).map((m) => waitLine(m, clock, room));
    const more = moving.size > MOST_LINES ? [`and ${moving.size - MOST_LINES} more pods`] : [];
    const total = remaining.line();
    return [...shown, ...more, ...(total === undefined ? [] : [total.slice(0, room)])];
  }

  function move(subject: ObjectRef, event: ProgressEvent, isRefused: boolean): void {
    const key = formatRef(subject);
    const nowMs = clock.monotonicMs();
    const sinceMs = event.wait === undefined ? (moving.get(key)?.sinceMs ?? nowMs) : nowMs - event.wait.elapsedMs;
    moving.set(key, { event: { ...event, subject }, sinceMs, isRefused });
  }

  /** Ends the lines that an event shows to be over: all but those of evicted pods, and of the pods that are refused again. */
  function settle({ event, subject, refusals = [] }: ProgressEvent): void {
    for (const [key, { event: shown, isRefused }] of moving) {
      const isPod = shown.subject.kind === 'Pod' && !isRefused;
      const isAgain = event === 'waiting' && (refusals.some((r) => r.pod === shown.subject.name) || key === formatRef(subject));
      const isOver = event === 'planned' || event === 'finished' || (event !== 'evicted' && key === formatRef(subject));
      if (!isAgain && (!isPod || isOver)) moving.delete(key);
    }
  }

  async function tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(REDRAW_MS, signal).catch(() => {}); // rejected only by the abort that ends the block
      if (!signal.aborted) draw();
    }
  }

  function report(event: ProgressEvent): void {
    remaining.at(event.step);
    settle(event);
    if (event.event !== 'waiting') {
      if (event.event === 'evicted') move(event.subject, { ...event, event: 'waiting', message: 'is stopping' }, false);
      draw(`${paintEvent(event, eventLine(event, clock.now()), paint)}\n`);
    } else if (event.refusals === undefined) {
      move(event.subject, event, false);
      draw();
    } else {
      for (const { pod, because } of event.refusals) move({ ...event.subject, ...POD, name: pod }, { ...event, message: because }, true);
      draw();
    }
    if (moving.size === 0) stop();
    else if (ticking === undefined) {
      ticking = new AbortController();
      void tick(ticking.signal);
    }
  }

  function stop(): void {
    ticking?.abort();
    ticking = undefined;
  }

  return {
    report,
    plan: (plan) => remaining.plan(plan),
    end: () => {
      stop();
      moving.clear();
      draw();
    },
  };
}

const POD = { apiVersion: 'v1', kind: 'Pod' };

/** A wait with its age, cut to one line of the terminal. */
function waitLine({ event: { wait, ...event }, sinceMs }: Moving, clock: Clock, room: number): string {
  const remark = waitRemark(clock.monotonicMs() - sinceMs, wait);
  const line = eventLine(event, clock.now());
  const whole = withRemark(line, remark);
  if (whole.length <= room) return whole;
  return withRemark(`${line.slice(0, Math.max(0, room - (remark === '' ? 0 : remark.length + 3) - 3))}...`, remark);
}

/** The steps that are done, and the estimated time of the others. */
class Remaining {
  private current: { readonly number: number; readonly of: number; readonly sinceMs: number } | undefined;
  private rows: readonly { readonly ms: number; readonly isTogether: boolean }[] = [];

  constructor(private readonly clock: Clock) {}

  plan({ steps, estimate, cutover }: Plan): void {
    const restarts = restartsOf(steps);
    const parts = steps.flatMap(partsOf);
    this.rows = (estimate?.rowsMs ?? []).map((ms, i) => {
      return { ms, isTogether: cutover?.mode === 'stop' && restarts.some((r) => r === parts[i]) };
    });
    this.current = undefined;
  }

  at(step: ProgressEvent['step']): void {
    if (step !== undefined && step.number !== this.current?.number) this.current = { ...step, sinceMs: this.clock.monotonicMs() };
  }

  line(): string | undefined {
    if (this.current === undefined || this.rows.length === 0) return undefined;
    const { number, of, sinceMs } = this.current;
    const left = this.rows.slice(number - 1);
    const alone = left.reduce((sum, { ms, isTogether }) => sum + (isTogether ? 0 : ms), 0);
    const together = Math.max(0, ...left.map(({ ms, isTogether }) => (isTogether ? ms : 0)));
    // A step that takes longer than estimated takes nothing from the steps after it.
    const spent = Math.min(this.clock.monotonicMs() - sinceMs, left[0]?.ms ?? 0);
    const seconds = Math.ceil((alone + together - spent) / 10_000) * 10;
    return `${number - 1} of ${of} steps done${seconds <= 0 ? '' : `, about ${formatAge(seconds)} left`}`;
  }
}

function paintEvent({ event }: ProgressEvent, line: string, paint: ReturnType<typeof painterOf>): string {
  if (event === 'warning') return paint.yellow(line);
  if (event === 'verified' || event === 'finished') return paint.green(line);
  return line;
}
