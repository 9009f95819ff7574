/**
 * References to container images, as kubelets and registries parse them: `[host[:port]/]path[:tag][@digest]`.
 *
 * Kubernetes accepts nearly any text. A pod with a malformed reference stays in InvalidImageName.
 */

const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST = '(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?';
const NAME = new RegExp(`^(?:${HOST}/)?${PATH_PART}(?:/${PATH_PART})*$`);
const TAG = /^\w[-.\w]{0,127}$/;
/** Length in hexadecimal digits by algorithm. */
const DIGESTS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const LONGEST_NAME = 255;
/** JavaScript writes these into a string for a variable that is not set. */
const UNSET = ['undefined', 'null', 'NaN'];

/** Returns why no image can be pulled by a reference; undefined for a valid one. */
export function imageProblem(reference: string): string | undefined {
  if (reference === '') return 'it is empty';
  if (/\s/.test(reference)) return 'it has spaces';
  if (reference.includes('://')) return 'it is a URL, and a reference begins with the host';
  const [tagged = '', digest, ...more] = reference.split('@');
  if (more.length > 0) return 'it has more than one "@"';
  const [, name = '', tag] = /^(.*?)(?::([^:/]*))?$/.exec(tagged) ?? [];
  if (digest !== undefined && digestProblem(digest) !== undefined) return digestProblem(digest);
  if (tag !== undefined && !TAG.test(tag)) return `"${tag}" is not a tag`;
  if (UNSET.includes(tag ?? '') || UNSET.includes(name.split('/').at(-1) ?? '')) return 'a variable that it is made of is not set';
  if (name.length > LONGEST_NAME) return `a name has at most ${LONGEST_NAME} characters`;
  if (NAME.test(name)) return undefined;
  return NAME.test(name.toLowerCase()) ? 'an image name is written in lower-case letters' : `"${name}" is not an image name`;
}

function digestProblem(digest: string): string | undefined {
  const [, algorithm = '', hex = ''] = /^([^:]*):(.*)$/.exec(digest) ?? [];
  const length = DIGESTS[algorithm];
  if (length === undefined) return `the digest does not begin with ${Object.keys(DIGESTS).join(', ')} and ":"`;
  if (!/^[0-9a-f]*$/.test(hex)) return 'the digest is not written in lower-case hexadecimal digits';
  return hex.length === length ? undefined : `a ${algorithm} digest has ${length} hexadecimal digits, this has ${hex.length}`;
}

/** Tells whether a reference names content that cannot change. */
export function isPinned(reference: string): boolean {
  return reference.includes('@') && imageProblem(reference) === undefined;
}
