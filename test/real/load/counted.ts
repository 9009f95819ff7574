/** Counts names. */
export function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const all = new Map<string, number>();
  for (const name of [...names].sort()) all.set(name, (all.get(name) ?? 0) + 1);
  return Object.fromEntries(all);
}
