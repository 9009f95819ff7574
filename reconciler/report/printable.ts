/** Text from the cluster, made safe to print. */

// Control characters, and characters that hide text or turn its direction: a message must not move the cursor or mislead a reader.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeCharacter(character: string): string {
  return Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}

/** Returns text as one line that cannot steer a terminal: line breaks and tabs become spaces, other control characters `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(UNPRINTABLE, escapeCharacter);
}

/** Returns JSON without a character that could steer a terminal; its meaning stays the same. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE, (c) => (c === '\n' ? c : escapeCharacter(c)));
}

/** Returns a sentence with its full stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
