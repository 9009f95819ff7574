/**
 * Times without a leader, from what the nodes themselves answered.
 *
 * Only a node's own claim counts, because nodes keep naming a leader that has died. A subject (the quorum, or a partition) is without a
 * leader from one claim to the next if, between these claims, every node was asked and did not claim it. So a late sample is not taken for
 * an outage. A span is too long by at most two intervals between samples. A claim of an old epoch does not count: a frozen leader still
 * claims to lead when it wakes up.
 */
import type { View } from './record';
import type { Span } from './spans';

/** Returns the spans within the window in which no node led the subject. `views` are those of all nodes that could lead it. */
export function leaderlessSpans(views: readonly View[], subject: string, window: Span): readonly Span[] {
  const nodes = new Set(views.map((v) => v.node));
  const inWindow = views.filter((v) => v.answered >= window.from && v.asked <= window.to).sort((a, b) => a.answered - b.answered);
  const spans: Span[] = [];
  const denied = new Set<number>();
  let claimed = window.from;
  let epoch = 0;
  const end = (to: number) => {
    if (denied.size === nodes.size && to > claimed) spans.push({ from: claimed, to });
    denied.clear();
    claimed = to;
  };
  for (const view of inWindow) {
    const claim = view.leads[subject];
    if (claim !== undefined && claim >= epoch) {
      epoch = claim;
      end(Math.min(view.answered, window.to));
    } else if (view.asked >= claimed) {
      denied.add(view.node);
    }
  }
  end(window.to);
  return spans;
}
