/** Layout of text: the width of the terminal, and colours. */
import { createColors } from 'picocolors';

export interface Style {
  /** Characters in a line; undefined for a file or a pipe, whose lines are not wrapped. */
  readonly columns: number | undefined;
  readonly isColor: boolean;
}

/** The style of a file or a pipe. */
export const PLAIN: Style = { columns: undefined, isColor: false };

/** Returns functions that colour text, or return it unchanged. */
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

/** Returns a paragraph wrapped to the width of the style; the second and later lines are indented. */
export function paragraph(text: string, style: Style, indent = ''): string {
  const width = style.columns === undefined ? Number.POSITIVE_INFINITY : Math.max(style.columns - indent.length, 40);
  return wrap(text, width).join(`\n${indent}`);
}
