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
 * Returns the change, since its synth, of the Job that a ConfigMap names. The name of a Job holds a hash of its spec, which Kubernetes does not
 * allow to change: a changed Job with the same name makes every later sync fail.
 */
export function jobChange(configMap: KubeObject, job: KubeObject, { kafka, namespace }: Desired): string | undefined {
  const { name, uid } = job.metadata;
  if (job.metadata.namespace !== namespace || name !== configMap.metadata.annotations?.[ANNOTATION_JOB]) return undefined;
  // The spec of a Job from a cluster holds defaults, too. A name that the user chose holds no hash.
  if (uid !== undefined || !isJobName(kafka, name) || jobNameOf(kafka, job) === name) return undefined;
  return (
    'its name holds a hash of its content, and its content is another: Kustomize\'s "images", "labels", "commonLabels", "commonAnnotations" or ' +
    'a patch, Argo CD\'s "kustomize.images" or an image automation may have changed it after its synth. Kubernetes refuses the next such change ' +
    '("field is immutable"). Change the app instead: job.image, job.pod, or the labels of the chart'
  );
}
