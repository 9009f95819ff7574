/** How a text is laid out: the width of the terminal, and whether there are colours. */
import { createColors } from 'picocolors';

export interface Style {
  /** Characters in a line; undefined means that nothing is wrapped, for a file or a pipe. */
  readonly columns: number | undefined;
  readonly isColor: boolean;
}

/** The style of a file or a pipe. */
export const PLAIN: Style = { columns: undefined, isColor: false };

/** Returns functions that colour text, or leave it alone. */
export function painterOf(style: Style) {
  return createColors(style.isColor);
}

/** Returns the text broken at spaces into lines of at most `width` characters. A longer word stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** Returns a paragraph that fits the style, its further lines indented. */
export function paragraph(text: string, style: Style, indent = ''): string {
  const width = style.columns === undefined ? Number.POSITIVE_INFINITY : Math.max(style.columns - indent.length, 40);
  return wrap(text, width).join(`\n${indent}`);
}
