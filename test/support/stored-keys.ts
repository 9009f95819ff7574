/**
 * Private keys for tests that issue many certificates. Making an RSA key takes a fifth of a second or more, so keys are kept in a folder
 * that all test processes and all later runs share.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateKeyNow, type KeySource, type KeySpec } from '#reconciler/sandbox/stand-ins/pki/keys';

const FOLDER = path.resolve('node_modules/.cache/kafka-tls-test-keys');
const LEAF_KEYS = 2;
const known = new Map<string, KeyObject>();

/** Returns the key of this number; keys of other numbers, kinds or purposes are other keys. */
export function storedKey({ algorithm, size }: Omit<KeySpec, 'isCa'>, purpose: string, number: number): KeyObject {
  const name = `${algorithm}-${size}-${purpose}-${number}`;
  const key = known.get(name) ?? readKey(name) ?? keep(name, generateKeyNow({ algorithm, size, isCa: false }));
  known.set(name, key);
  return key;
}

/**
 * Returns a source that reuses keys. Leaves take turns with two keys. Each CA of a source has another key, because peers distinguish CAs by
 * their keys.
 */
export function pooledKeys(): KeySource {
  const counts = new Map<string, number>();
  return (spec) => {
    const kind = `${spec.algorithm} ${spec.size} ${spec.isCa}`;
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return spec.isCa ? storedKey(spec, 'ca', count) : storedKey(spec, 'leaf', count % LEAF_KEYS);
  };
}

function readKey(name: string): KeyObject | undefined {
  try {
    return createPrivateKey(readFileSync(path.join(FOLDER, `${name}.pem`)));
  } catch {
    return undefined; // no process has made it yet
  }
}

/** Another process may make the same key meanwhile: each then uses its own, and one of them is kept. */
function keep(name: string, key: KeyObject): KeyObject {
  mkdirSync(FOLDER, { recursive: true });
  const own = path.join(FOLDER, `${name}.${process.pid}`);
  writeFileSync(own, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  renameSync(own, path.join(FOLDER, `${name}.pem`));
  return key;
}
