/**
 * Decorator around a cluster that adds the user's labels to every object that a run creates: policy engines (Kyverno, Gatekeeper) refuse an
 * object that lacks one.
 *
 * Objects of other owners are never labelled. A Lease that was created without a label gets it when the Lease is taken: policy engines
 * check updates, too, and a refused Lease would end every run.
 */
import { KINDS, type KubeObject } from '#model/kube-object';
import type { Cluster } from '../ports';

type Labels = Readonly<Record<string, string>>;

/** Returns the cluster; `labels` is called at every write, since a run reads the desired state again and again. */
export function labelled(cluster: Cluster, labels: () => Labels | undefined): Cluster {
  return {
    ...cluster,
    create: (object) => cluster.create(withLabels(object, { ...labels(), ...object.metadata.labels })),
    apply: (object, options) => cluster.apply(withLabels(object, { ...labels(), ...object.metadata.labels }), options),
    replace: (object, options) => {
      const isLease = object.kind === KINDS.Lease.kind;
      return cluster.replace(isLease ? withLabels(object, { ...object.metadata.labels, ...labels() }) : object, options);
    },
  };
}

function withLabels(object: KubeObject, labels: Labels): KubeObject {
  return Object.keys(labels).length === 0 ? object : { ...object, metadata: { ...object.metadata, labels } };
}
