/**
 * HTML from templates: html`<b>${text}</b>`. Every inserted text is escaped, in element content as in quoted attributes; only the result of
 * another template is not. Text from the cluster cannot become markup, and no control character reaches the page.
 */
import { printable } from '../printable';

const MARKUP: unique symbol = Symbol('markup');

/** Markup that a template has made. */
export interface Markup {
  readonly [MARKUP]: string;
}

type Part = string | number | Markup | readonly Markup[] | undefined;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Returns markup. An undefined part is left out. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { [MARKUP]: texts.map((text, i) => `${text}${i < parts.length ? rendered(parts[i]) : ''}`).join('') };
}

function rendered(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return 'map' in part ? part.map(textOf).join('') : textOf(part);
}

function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}

/** Returns text of this project that is no HTML, such as a style sheet, as it is. */
export function raw(text: string): Markup {
  return { [MARKUP]: text };
}

/** Returns the text of markup. */
export function textOf(markup: Markup): string {
  return markup[MARKUP];
}
