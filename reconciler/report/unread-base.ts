/** A base with invalid bundles: the bundles that were not compared, the reasons, and the consequence for the reviewer. */
import { inline } from './markdown';
import { printable, sentence } from './printable';
import { painterOf, paragraph, type Style } from './style';

export interface UnreadBase {
  /** Violations in the base, each with its file. */
  readonly violations: readonly string[];
  /** The bundles of the new state that were not compared: `demo/orders`. */
  readonly notCompared: readonly string[];
  /** Nothing in the base could be read. */
  readonly isWhole: boolean;
}

/** Leaves room in a comment for the plans of the other bundles. */
const MOST_ITEMS = 20;
const LONGEST_VIOLATION = 500;

/** Returns it as text, with a line break at its end. */
export function unreadBaseText(unread: UnreadBase, style: Style): string {
  const first = painterOf(style).yellow(paragraph(`${headline(unread)} ${meaning(unread)}`, style));
  return `${[first, ...reasons(unread).map((r) => `  - ${paragraph(r, style, '    ')}`)].join('\n')}\n`;
}

/** Returns it as Markdown, with a line break at its end. */
export function unreadBaseMarkdown(unread: UnreadBase): string {
  const list = reasons(unread).map((r) => `- ${inline(r)}`);
  return `> **${inline(headline(unread))}** ${inline(meaning(unread))}\n\n${list.join('\n')}\n`;
}

function headline({ notCompared, isWhole }: UnreadBase): string {
  if (isWhole) return 'The base could not be read, so nothing was compared.';
  if (notCompared.length === 0) return 'A part of the base could not be read.';
  return `A part of the base could not be read, so these Kafkas were not compared: ${listed(notCompared)}.`;
}

function meaning({ notCompared, isWhole }: UnreadBase): string {
  if (notCompared.length === 0) return 'A Kafka whose bundle is taken out of it is not listed here: its TLS stays as it is.';
  const valid = isWhole ? `The new state is valid (${listed(notCompared)}).` : 'Their new state is valid.';
  return `${valid} The run in the cluster still asks for acknowledgements before it changes anything.`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_ITEMS).map(printable).join(', ');
  return names.length <= MOST_ITEMS ? shown : `${shown} and ${names.length - MOST_ITEMS} more`;
}

function reasons({ violations }: UnreadBase): readonly string[] {
  const shown = violations
    .slice(0, MOST_ITEMS)
    .map((v) => printable(sentence(v.length <= LONGEST_VIOLATION ? v : `${v.slice(0, LONGEST_VIOLATION)}...`)));
  return violations.length <= MOST_ITEMS ? shown : [...shown, `${violations.length - MOST_ITEMS} more violations.`];
}
