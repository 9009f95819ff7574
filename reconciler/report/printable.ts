/** Text from the cluster, made safe to print. */

// Control characters, and those that hide text or turn its direction: a message must not be able to move the cursor or to lie.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
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
