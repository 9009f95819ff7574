/** From our metadata to cdk8s', whose maps are mutable. */
import type { ApiObjectMetadata } from 'cdk8s';
import type { ObjectMeta } from './model/kube-object';

/** Returns metadata as cdk8s takes it: name, namespace, labels and annotations. */
export function metadataProps({ name, namespace, labels, annotations }: ObjectMeta): ApiObjectMetadata & { name: string } {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
  };
}
