/**
 * What happened to the output of a synth on its way to the cluster. Kustomize, Argo CD, Flux and image automation rewrite what passes through
 * them. They find names in fields that they know, never inside a text, an argument or another name.
 *
 * Labels and annotations of objects are left to them: Argo CD and Flux mark what they apply, and nothing here rests on it.
 */
import type { Bundle } from '#model/bundle';
import type { Desired } from '#model/desired';
import type { KubeObject } from '#model/kube-object';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, bundleName, isJobName, jobNameOf } from '#model/names';

/** Returns what was changed of the ConfigMap of a bundle; of several changes the one that explains the others. */
export function configMapChange({ metadata }: KubeObject, { desired, digest }: Bundle): string | undefined {
  const { name, namespace, annotations } = metadata;
  const given = bundleName(desired.kafka);
  if (name !== given) {
    return `metadata.name: is ${name}, and was ${given} when it was synthesised: ${RENAMED}`;
  }
  if (namespace !== undefined && namespace !== desired.namespace) {
    const who = 'Kustomize\'s "namespace", Argo CD or Flux may have moved it; set the namespace of the chart instead';
    return `desired.yaml: namespace is ${desired.namespace}, but the ConfigMap is in ${namespace}: ${who}`;
  }
  const made = annotations?.[ANNOTATION_DIGEST];
  if (made === undefined || made === digest) return undefined;
  const who = "a Kustomize patch or Flux's postBuild.substitute may have changed it on its way";
  return `data: its digest is ${digest}, and was ${made} when it was synthesised: ${who}`;
}

export const RENAMED =
  'Kustomize\'s "namePrefix" or "nameSuffix" may have renamed it, and renames neither the arguments of the Job nor the objects that a run creates; ' +
  "take both out, and make an App for each environment instead, new App({ outdir: 'dist/prod' })";

/**
 * Returns how the Job that a ConfigMap names was changed after its synth. A Job is named by its content and Kubernetes allows no change of its
 * pods: with other content under the same name the next sync fails, and every one after it.
 */
export function jobChange(configMap: KubeObject, job: KubeObject, { kafka, namespace, labels }: Desired): string | undefined {
  const { name, uid } = job.metadata;
  if (job.metadata.namespace !== namespace || name !== configMap.metadata.annotations?.[ANNOTATION_JOB]) return undefined;
  // One that was read from a cluster holds defaults and more.
  if (uid !== undefined) return undefined;
  // A name that the user chose says nothing of the content.
  if (!isJobName(kafka, name)) return undefined;
  // A tool may also have given the chart's labels other values.
  const restored = { ...job, metadata: { ...job.metadata, labels: { ...job.metadata.labels, ...labels } } };
  if (keysOf(restored).length > MOST_KEYS) return undefined;
  if ([job, restored].flatMap(variantsOf).some((variant) => jobNameOf(kafka, variant) === name)) return undefined;
  return (
    'its name holds a hash of its content, and its content is another: Kustomize\'s "images", "labels", "commonLabels", "commonAnnotations" or ' +
    'a patch, Argo CD\'s "kustomize.images" or an image automation may have changed it after its synth. Kubernetes refuses the next such change ' +
    '("field is immutable"). Change the app instead: job.image, job.pod, or the labels of the chart'
  );
}

/** More labels and annotations than a Job has; to go through the selections of still more would take too long. */
const MOST_KEYS = 12;

function keysOf({ metadata: { labels = {}, annotations = {} } }: KubeObject): readonly string[] {
  return [...Object.keys(labels).map((key) => `label ${key}`), ...Object.keys(annotations).map((key) => `annotation ${key}`)];
}

/**
 * Returns the Job as it is, and without each selection of its labels and annotations: any of them may have been added by a tool, which is
 * allowed, or by the user in the app, which is part of the content.
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
