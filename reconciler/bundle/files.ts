/**
 * Bundles in files: the output of a synth, one manifest, or standard input.
 *
 * Reads YAML and JSON, one document or many, Lists too; takes the ConfigMaps that hold a bundle and leaves everything else alone.
 * Folders are not searched below their first level, as `kubectl -f` does: one level down usually is another environment.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { formatRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { InvalidInputError } from '../errors';
import { parseYaml } from '../input/yaml';
import { jobChange } from './changed';
import { bundleFromConfigMap, holdsBundle } from './documents';

/** Where the input comes from. */
export interface BundleSource {
  /** A file or folder, as the user wrote it; `-` is standard input. */
  readonly file: string;
  /** The flag that names it, for hints. Default: `-f`. */
  readonly flag?: string;
  readonly cwd: string;
  readonly stdin: () => Promise<string>;
  /** An empty folder, or files without a bundle, are no mistake: before the first commit of a KafkaTls there was none. */
  readonly mayBeEmpty?: boolean;
  /** Neither is a path that does not exist: Git has no empty folders, and after the last commit of a KafkaTls there is none. */
  readonly mayBeMissing?: boolean;
  /** Jobs are held against their names, too. */
  readonly withJobs?: boolean;
}

/** Which of several bundles. */
export interface BundleChoice {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/** What a file or folder holds. */
export interface Scan {
  /** Those that can be read, and of which there is only one, ordered by namespace and name. */
  readonly bundles: readonly Bundle[];
  /** What is wrong with the rest. */
  readonly violations: readonly string[];
}

/** Returns every bundle of a file or folder, ordered by namespace and name. There is at least one, unless there may be none. */
export async function readBundles(source: BundleSource): Promise<readonly Bundle[]> {
  const { bundles, violations } = await scanBundles(source);
  if (violations.length > 0)
    throw new InvalidInputError(violations, { hint: 'Nothing was read from the cluster, and nothing was changed.' });
  return bundles;
}

/** Returns the bundles of a file or folder, and what is wrong there. A path that is no place of bundles is an error all the same. */
export async function scanBundles(source: BundleSource): Promise<Scan> {
  const bundles: Found[] = [];
  let isPlaceOfBundles = false;
  const jobs: { readonly job: KubeObject; readonly file: string }[] = [];
  const violations: string[] = [];
  const { files, folders } = await contentOf(source);
  for (const file of files) {
    for (const object of objectsIn(file, await textOf(file, source), violations)) {
      if (isJob(object)) jobs.push({ job: object, file });
      if (!holdsBundle(object)) continue;
      isPlaceOfBundles = true;
      try {
        bundles.push({ bundle: bundleFromConfigMap(object), configMap: object, file });
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        const { subject } = error;
        violations.push(...error.violations.map((v) => `${file}: ${subject === undefined ? object.kind : formatRef(subject)}: ${v}`));
      }
    }
  }
  violations.push(...clashes(bundles));
  if (source.withJobs === true) {
    for (const { job, file } of jobs) {
      const change = bundles.flatMap(({ bundle, configMap }) => jobChange(configMap, job, bundle.desired) ?? [])[0];
      if (change !== undefined) violations.push(`${file}: ${formatRef(refOf(job))}: ${change}`);
    }
  }
  const isMissing = violations.length === 0 && source.mayBeEmpty !== true;
  if (!isPlaceOfBundles && (folders.length > 0 || isMissing)) throw nothingFound(source, folders, violations);
  const isOnly = ({ bundle }: Found) => bundles.filter((other) => bundleId(other.bundle) === bundleId(bundle)).length === 1;
  const readable = bundles.filter(isOnly).map(({ bundle }) => bundle);
  return { bundles: readable.sort((a, b) => (bundleId(a) < bundleId(b) ? -1 : 1)), violations };
}

interface Found {
  readonly bundle: Bundle;
  readonly configMap: KubeObject;
  readonly file: string;
}

function isJob(object: unknown): object is KubeObject {
  return isObject(object) && object.apiVersion === KINDS.Job.apiVersion && object.kind === KINDS.Job.kind;
}

/** Returns the bundles that are meant; an error lists them if there is none. */
export function chooseBundles(bundles: readonly Bundle[], choice: BundleChoice): readonly Bundle[] {
  const chosen = bundles.filter((b) => isMeant(b, choice));
  if (chosen.length > 0) return chosen;
  const { name, namespace } = choice;
  const wanted = [namespace === undefined ? '' : `in namespace ${namespace}`, name === undefined ? '' : `named ${name}`]
    .filter((w) => w !== '')
    .join(' ');
  throw new InvalidInputError(`no bundle ${wanted}; there ${bundles.length === 1 ? 'is' : 'are'} ${listed(bundles)}`);
}

/** Tells whether a bundle is one of those that are meant. */
export function isMeant({ desired }: Bundle, { name, namespace }: BundleChoice): boolean {
  return (name === undefined || desired.kafka === name) && (namespace === undefined || desired.namespace === namespace);
}

/** Returns the one bundle that is meant; an error lists them if there are several. */
export function chooseBundle(bundles: readonly Bundle[], choice: BundleChoice): Bundle {
  const [chosen, ...others] = chooseBundles(bundles, choice);
  if (chosen !== undefined && others.length === 0) return chosen;
  throw new InvalidInputError(`${others.length + 1} bundles and none named: ${listed(bundles)}`, {
    hint: 'Choose one with --name, and with -n where names repeat.',
  });
}

/** Returns a bundle's identity as it is printed: `demo/orders`. */
export function bundleId({ desired }: Bundle): string {
  return `${desired.namespace}/${desired.kafka}`;
}

function listed(bundles: readonly Bundle[]): string {
  return bundles.map(bundleId).join(', ');
}

function clashes(bundles: readonly Found[]): readonly string[] {
  const files = new Map<string, string[]>();
  for (const { bundle, file } of bundles) files.set(bundleId(bundle), [...(files.get(bundleId(bundle)) ?? []), file]);
  return [...files]
    .filter(([, found]) => found.length > 1)
    .map(([id, found]) => `Kafka/${id}: has two bundles: in ${found.join(' and ')}; where each is for another cluster, name one with -f`);
}

function nothingFound({ file, flag = '-f' }: BundleSource, folders: readonly string[], violations: readonly string[]): InvalidInputError {
  if (folders.length > 0) {
    return new InvalidInputError([...violations, `${file}: no bundle in it, and its folders are not searched: ${folders.join(', ')}`], {
      hint: `Name one of them with ${flag}.`,
    });
  }
  return new InvalidInputError(`${file}: no bundle in it: a bundle is a ConfigMap with the key desired.yaml`, {
    hint: 'Synthesise a KafkaTls construct first ("npx cdk8s synth"), or name its output with -f.',
  });
}

/** What a path holds, named as the user named it. */
interface Content {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

async function contentOf({ file, flag = '-f', cwd, mayBeEmpty, mayBeMissing }: BundleSource): Promise<Content> {
  if (file === '-') return { files: [file], folders: [] };
  const place = path.resolve(cwd, file);
  const found = await stat(place).catch((error: NodeJS.ErrnoException) => {
    if (mayBeMissing === true && error.code === 'ENOENT') return undefined;
    throw unreadable(file, error);
  });
  if (found === undefined) return { files: [], folders: [] };
  if (!found.isDirectory()) return { files: [file], folders: [] };
  const entries = await readdir(place, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const names = entries.filter((e) => !e.isDirectory() && EXTENSIONS.includes(path.extname(e.name).toLowerCase())).map((e) => e.name);
  const folders = entries.filter((e) => e.isDirectory() && !e.name.startsWith('.')).map((e) => path.join(file, e.name));
  if (names.length > 0) return { files: names.sort().map((name) => path.join(file, name)), folders: folders.sort() };
  if (folders.length > 0) {
    throw new InvalidInputError(`${file}: holds no YAML file, only folders: ${folders.sort().join(', ')}`, {
      hint: `Name one of them with ${flag}.`,
    });
  }
  if (mayBeEmpty === true) return { files: [], folders };
  throw new InvalidInputError(`${file}: holds no YAML file`, { hint: 'Synthesise first ("npx cdk8s synth"), or name the output with -f.' });
}

async function textOf(file: string, { cwd, stdin }: BundleSource): Promise<string> {
  if (file === '-') return stdin();
  return readFile(path.resolve(cwd, file), 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

const BECAUSE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
  ENOTDIR: 'has a file where a folder should be in its path',
};

/** Returns why a file could not be read, as the user's mistake. */
export function unreadable(file: string, error: unknown): InvalidInputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const hint = code === 'ENOENT' ? { hint: 'Synthesise first ("npx cdk8s synth"), or name the file with -f.' } : {};
  return new InvalidInputError(`${file}: ${BECAUSE[code] ?? `cannot be read (${code})`}`, { cause: error, ...hint });
}

/** Returns the objects of a text. What is not YAML is added to `violations`. */
function objectsIn(file: string, text: string, violations: string[]): readonly unknown[] {
  const parsed = parseYaml(text);
  if ('values' in parsed) return parsed.values.flatMap(itemsOf);
  violations.push(`${file === '-' ? 'standard input' : file}: ${parsed.problem}`);
  return [];
}

function itemsOf(value: unknown): readonly unknown[] {
  const list = value as { readonly kind?: unknown; readonly items?: unknown };
  return typeof list?.kind === 'string' && list.kind.endsWith('List') && Array.isArray(list.items) ? list.items : [value];
}

/** Returns all objects of a file or folder, whatever they are. */
export async function readObjects(source: BundleSource): Promise<readonly KubeObject[]> {
  const violations: string[] = [];
  const { files } = await contentOf(source);
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await textOf(file, source) })));
  const objects = texts.flatMap(({ file, text }) => objectsIn(file, text, violations).map((object) => ({ file, object })));
  violations.push(
    ...objects
      .filter(({ object }) => !isObject(object))
      .map(({ file }) => `${file}: holds a document without apiVersion, kind or metadata.name`),
  );
  if (violations.length > 0) throw new InvalidInputError(violations);
  return objects.map(({ object }) => object as KubeObject);
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<KubeObject>;
  return [apiVersion, kind, metadata?.name].every((part) => typeof part === 'string' && part !== '');
}
