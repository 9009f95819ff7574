/** Elements of HTML and SVG as text: one a line, indented, so that a difference can be read. */

export type Attributes = Readonly<Record<string, string | number>>;

/** Text within an element, or an element. */
export type Node = string | Element;

export interface Element {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly Node[];
}

export function element(name: string, attributes: Attributes = {}, ...children: readonly Node[]): Element {
  return { name, attributes, children };
}

export function render({ name, attributes, children }: Element, indent = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? short(value) : value)}"`,
  );
  const open = `${indent}<${name}${written.join('')}`;
  if (children.length === 0) return isVoid(name) ? `${open}>\n` : isShape(name) ? `${open}/>\n` : `${open}></${name}>\n`;
  if (children.every((child) => typeof child === 'string')) return `${open}>${children.map(escaped).join('')}</${name}>\n`;
  const inner = children.map((child) => (typeof child === 'string' ? `${indent}  ${escaped(child)}\n` : render(child, `${indent}  `)));
  return `${open}>\n${inner.join('')}${indent}</${name}>\n`;
}

/** A tenth of a pixel is exact enough. */
function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function isVoid(name: string): boolean {
  return name === 'meta';
}

/** Of SVG, which may close itself within HTML as well. */
function isShape(name: string): boolean {
  return ['line', 'path', 'rect'].includes(name);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
