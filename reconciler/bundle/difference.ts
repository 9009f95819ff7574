/** The difference between two versions of a bundle: a unified diff of its documents. */
import { createTwoFilesPatch } from 'diff';
import { type Bundle, DESIRED_KEY, documentKey } from '#model/bundle';
import { yamlText } from '../input/yaml';

/** Returns the diff of every document that differs, in the order of their names; without an old bundle every document is new. */
export function bundleDifference(old: Bundle | undefined, wanted: Bundle): string {
  const [before, after] = [old === undefined ? new Map<string, string>() : documentsOf(old), documentsOf(wanted)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => {
      const [from, to] = [before.has(key) ? key : '/dev/null', after.has(key) ? key : '/dev/null'];
      const patch = createTwoFilesPatch(from, to, before.get(key) ?? '', after.get(key) ?? '', undefined, undefined, { context: 3 });
      return patch.slice(patch.indexOf('--- '));
    })
    .join('');
}

/** The names of candidate requests hold a hash of their content. The diff names them by their purpose instead, which stays the same. */
function documentsOf({
  desired,
  issuerManifests,
  brokerCertificates,
  kafka,
  converge,
  rotate,
  restart,
}: Bundle): ReadonlyMap<string, string> {
  const manifests = [...issuerManifests, ...brokerCertificates, kafka].filter((m) => m !== undefined);
  const documents: readonly (readonly [string, unknown])[] = [
    [DESIRED_KEY, desired],
    ...manifests.map((m) => [documentKey(m), m] as const),
    ['kafkaopsrequest (converge)', converge],
    ...(rotate === undefined ? [] : [['kafkaopsrequest (rotate)', rotate] as const]),
    ['kafkaopsrequest (restart)', restart],
  ];
  return new Map(documents.map(([key, document]) => [key, yamlText(document)]));
}
