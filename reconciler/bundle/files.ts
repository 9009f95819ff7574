/**
 * Bundles in files: the output of a synth, one manifest, or standard input.
 *
 * Reads YAML and JSON with one or more documents, and Lists. Uses the ConfigMaps that hold a bundle and ignores all other objects.
 * Searches only the first level of a folder, as `kubectl -f` does: its subfolders usually are other environments.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { formatRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { InvalidInputError } from '../errors';
import { readText, unreadable } from '../input/files';
import { parseYaml } from '../input/yaml';
import { jobChange } from './changed';
import { bundleFromConfigMap, holdsBundle } from './documents';

/** The place of the input. */
export interface BundleSource {
  /** A file or folder, as the user wrote it; `-` is standard input. */
  readonly file: string;
  /** The flag that names it, for hints. Default: `-f`. */
  readonly flag?: string;
  readonly cwd: string;
  readonly stdin: () => Promise<string>;
  /** Allows an empty folder and files without a bundle: before the first commit of a KafkaTls there is no bundle. */
  readonly mayBeEmpty?: boolean;
  /** Allows a path that does not exist: Git has no empty folders, and after the last KafkaTls was removed there is no folder. */
  readonly mayBeMissing?: boolean;
  /** Also compares the content of Jobs with the hash in their names. */
  readonly withJobs?: boolean;
}

/** Selects one of several bundles. */
export interface BundleChoice {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/** The bundles of a file or folder. */
export interface Scan {
  /** Valid bundles whose Kafka has no second bundle, ordered by namespace and name. */
  readonly bundles: readonly Bundle[];
  /** Violations of the other bundles. */
  readonly violations: readonly string[];
}

/** Returns every bundle of a file or folder, ordered by namespace and name. There is at least one, unless `mayBeEmpty`. */
export async function readBundles(source: BundleSource): Promise<readonly Bundle[]> {
  const { bundles, violations } = await scanBundles(source);
  if (violations.length > 0)
    throw new InvalidInputError(violations, { hint: 'Nothing was read from the cluster, and nothing was changed.' });
  return bundles;
}

/** Returns the bundles of a file or folder and its violations. Throws if the path holds no bundle and must hold one. */
export async function scanBundles(source: BundleSource): Promise<Scan> {
  const { folders, objects, problems } = await readAll(source);
  const violations: string[] = [];
  const configMaps = objects.flatMap(({ object, file }) => (holdsBundle(object) ? [{ configMap: object, file }] : []));
  const bundles = configMaps.flatMap(({ configMap, file }): readonly Found[] => {
    try {
      return [{ bundle: bundleFromConfigMap(configMap), configMap, file }];
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      const subject = error.subject === undefined ? configMap.kind : formatRef(error.subject);
      violations.push(...error.violations.map((v) => `${file}: ${subject}: ${v}`));
      return [];
    }
  });
  violations.push(...problems, ...clashes(bundles));
  for (const { object: job, file } of source.withJobs === true ? objects : []) {
    if (!isJob(job)) continue;
    const [change] = bundles.flatMap(({ bundle, configMap }) => jobChange(configMap, job, bundle.desired) ?? []);
    if (change !== undefined) violations.push(`${file}: ${formatRef(refOf(job))}: ${change}`);
  }
  const isMissing = violations.length === 0 && source.mayBeEmpty !== true;
  if (configMaps.length === 0 && (folders.length > 0 || isMissing)) throw nothingFound(source, folders, violations);
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

/** Returns the selected bundles; throws an error that lists all bundles if none is selected. */
export function chooseBundles(bundles: readonly Bundle[], choice: BundleChoice): readonly Bundle[] {
  const chosen = bundles.filter((b) => isMeant(b, choice));
  if (chosen.length > 0) return chosen;
  const { name, namespace } = choice;
  const wanted = [namespace === undefined ? '' : `in namespace ${namespace}`, name === undefined ? '' : `named ${name}`]
    .filter((w) => w !== '')
    .join(' ');
  throw new InvalidInputError(`no bundle ${wanted}; there ${bundles.length === 1 ? 'is' : 'are'} ${listed(bundles)}`);
}

/** Tells whether the choice selects a bundle. */
export function isMeant({ desired }: Bundle, { name, namespace }: BundleChoice): boolean {
  return (name === undefined || desired.kafka === name) && (namespace === undefined || desired.namespace === namespace);
}

/** Returns the one selected bundle; throws an error that lists the bundles if there are several. */
export function chooseBundle(bundles: readonly Bundle[], choice: BundleChoice): Bundle {
  const [chosen, ...others] = chooseBundles(bundles, choice);
  if (chosen !== undefined && others.length === 0) return chosen;
  throw new InvalidInputError(`${others.length + 1} bundles and none named: ${listed(bundles)}`, {
    hint: 'Choose one with --name, and with -n where names repeat.',
  });
}

/** Returns the namespace and name of a bundle's Kafka: `demo/orders`. */
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

/** The files and folders of a path, named as the user named it. */
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

/** Every object of a file or folder, with its file. */
interface All {
  readonly folders: readonly string[];
  readonly objects: readonly { readonly object: unknown; readonly file: string }[];
  /** Errors of YAML. */
  readonly problems: readonly string[];
}

async function readAll(source: BundleSource): Promise<All> {
  const { files, folders } = await contentOf(source);
  const texts = await Promise.all(files.map((file) => (file === '-' ? source.stdin() : readText(file, source.cwd))));
  const problems: string[] = [];
  const objects = texts.flatMap((text, i) => {
    const file = files[i] ?? '';
    const parsed = parseYaml(text);
    if ('values' in parsed) return parsed.values.flatMap(itemsOf).map((object) => ({ object, file }));
    problems.push(`${file === '-' ? 'standard input' : file}: ${parsed.problem}`);
    return [];
  });
  return { folders, objects, problems };
}

function itemsOf(value: unknown): readonly unknown[] {
  const list = value as { readonly kind?: unknown; readonly items?: unknown };
  return typeof list?.kind === 'string' && list.kind.endsWith('List') && Array.isArray(list.items) ? list.items : [value];
}

/** Returns all objects of a file or folder, of any kind. */
export async function readObjects(source: BundleSource): Promise<readonly KubeObject[]> {
  const { objects, problems } = await readAll(source);
  const others = objects.filter(({ object }) => !isObject(object));
  const violations = [...problems, ...others.map(({ file }) => `${file}: holds a document without apiVersion, kind or metadata.name`)];
  if (violations.length > 0) throw new InvalidInputError(violations);
  return objects.map(({ object }) => object as KubeObject);
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<KubeObject>;
  return [apiVersion, kind, metadata?.name].every((part) => typeof part === 'string' && part !== '');
}
