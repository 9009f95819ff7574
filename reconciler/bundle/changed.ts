/**
 * Detects changes of the synthesised output between synth and cluster. Kustomize, Argo CD, Flux and image automation rewrite manifests. They
 * rename objects in fields that they know, never inside a text, an argument or another name.
 *
 * Changed labels and annotations are allowed: Argo CD and Flux mark the objects that they apply.
 */
import type { Bundle } from '#model/bundle';
import type { Desired } from '#model/desired';
import type { KubeObject } from '#model/kube-object';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, bundleName, isJobName, jobNameOf } from '#model/names';

/** Returns the change of a bundle's ConfigMap since its synth; of several changes, the one that explains the others. */
export function configMapChange({ metadata }: KubeObject, { desired, digest }: Bundle): string | undefined {
  const { name, namespace, annotations } = metadata;
  const given = bundleName(desired.kafka);
  if (name !== given) {
    return `metadata.name: is ${name}, but the synthesised name is ${given}: ${RENAMED}`;
  }
  if (namespace !== undefined && namespace !== desired.namespace) {
    const cause = 'Kustomize\'s "namespace", Argo CD or Flux may have moved it; set the namespace of the chart instead';
    return `desired.yaml: namespace is ${desired.namespace}, but the ConfigMap is in ${namespace}: ${cause}`;
  }
  const made = annotations?.[ANNOTATION_DIGEST];
  if (made === undefined || made === digest) return undefined;
  const cause = "a Kustomize patch or Flux's postBuild.substitute may have changed it after the synth";
  return `data: its digest is ${digest}, but the synthesised digest is ${made}: ${cause}`;
}

export const RENAMED =
  'Kustomize\'s "namePrefix" or "nameSuffix" may have renamed it, and renames neither the arguments of the Job nor the objects that a run creates; ' +
  "take both out, and make an App for each environment instead, new App({ outdir: 'dist/prod' })";

/**
 * Returns the change, since its synth, of the Job that a ConfigMap names. The name of a Job holds a hash of its content, and Kubernetes does
 * not allow changes of its pod template: a changed Job with the same name makes every later sync fail.
 */
export function jobChange(configMap: KubeObject, job: KubeObject, { kafka, namespace, labels }: Desired): string | undefined {
  const { name, uid } = job.metadata;
  if (job.metadata.namespace !== namespace || name !== configMap.metadata.annotations?.[ANNOTATION_JOB]) return undefined;
  // A Job from a cluster holds defaults, too: its content cannot be compared.
  if (uid !== undefined) return undefined;
  // A name that the user chose holds no hash.
  if (!isJobName(kafka, name)) return undefined;
  // A tool may also have changed the values of the chart's labels.
  const restored = { ...job, metadata: { ...job.metadata, labels: { ...job.metadata.labels, ...labels } } };
  if (keysOf(restored).length > MOST_KEYS) return undefined;
  if ([job, restored].flatMap(variantsOf).some((variant) => jobNameOf(kafka, variant) === name)) return undefined;
  return (
    'its name holds a hash of its content, and its content is another: Kustomize\'s "images", "labels", "commonLabels", "commonAnnotations" or ' +
    'a patch, Argo CD\'s "kustomize.images" or an image automation may have changed it after its synth. Kubernetes refuses the next such change ' +
    '("field is immutable"). Change the app instead: job.image, job.pod, or the labels of the chart'
  );
}

/** More labels and annotations than our Jobs have. Checking every selection of more keys would take too long. */
const MOST_KEYS = 12;

function keysOf({ metadata: { labels = {}, annotations = {} } }: KubeObject): readonly string[] {
  return [...Object.keys(labels).map((key) => `label ${key}`), ...Object.keys(annotations).map((key) => `annotation ${key}`)];
}

/**
 * Returns the Job itself, and the Job without each selection of its labels and annotations: each of them may come from a tool, which is
 * allowed, or from the app, and then it is part of the content.
 */
function variantsOf(job: KubeObject): readonly KubeObject[] {
  const keys = keysOf(job);
  return Array.from({ length: 2 ** keys.length }, (_, selection) => {
    const isKept = (key: string) => (selection & (1 << keys.indexOf(key))) === 0;
    const kept = (kind: string, all: Readonly<Record<string, string>> = {}) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => isKept(`${kind} ${key}`)));
    const { labels, annotations } = job.metadata;
    return { ...job, metadata: { ...job.metadata, labels: kept('label', labels), annotations: kept('annotation', annotations) } };
  });
}
