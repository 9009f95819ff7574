/** What is made of a value that never changes, and asked for again and again. */
interface Made<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

/** Returns what was made for the key, or makes it. */
export function madeOnce<K, V>(made: Made<K, V>, key: K, make: () => V): V {
  const known = made.get(key);
  if (known !== undefined) return known;
  const value = make();
  made.set(key, value);
  return value;
}
