/**
 * ApiObjects whose manifest is completed at synth, after the user's JSON patches or before them.
 *
 * cdk8s-plus-28 knows the fields of Kubernetes 1.28. Its objects drop every other field, also one that a JSON patch of the user adds, because
 * they convert the manifest after the patches. `render` applies the patches last, so that all of them reach the output.
 */
import { ApiObject, type ApiObjectMetadata, JsonPatch } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { canonical, type KubeObject, type ObjectMeta } from './model/kube-object';
import { defined } from './model/plain-data';
import { resolved } from './resolvers';

/** What happens to the manifest of an object at synth. */
export interface Rendering {
  /** Adds what the construct does not model, before the user's patches. Its values may be lazy. */
  readonly complete?: (manifest: KubeObject) => KubeObject;
  /** Names the object by its content, after the user's patches. A name that the user patched in is kept. */
  readonly nameOf?: (manifest: KubeObject) => string;
}

/** Changes how an ApiObject, or that of a construct of cdk8s-plus, is rendered, and returns it. */
export function render(construct: IConstruct, { complete, nameOf }: Rendering): ApiObject {
  const object = ApiObject.of(construct);
  const convert = object.toJson.bind(object);
  const patches: JsonPatch[] = [];
  object.addJsonPatch = (...operations) => void patches.push(...operations);
  object.toJson = () => {
    const converted: KubeObject = convert();
    const { apiVersion, kind, metadata, ...rest } = complete === undefined ? converted : resolved(complete(converted), object);
    const manifest: KubeObject = JsonPatch.apply({ apiVersion, kind, metadata, ...canonical(rest) }, ...patches);
    const isOwnName = manifest.metadata.name === object.name;
    return nameOf === undefined || !isOwnName ? manifest : { ...manifest, metadata: { ...manifest.metadata, name: nameOf(manifest) } };
  };
  return object;
}

/** Returns metadata as cdk8s takes it, in mutable maps. */
export function metadataProps({ name, namespace, labels, annotations }: ObjectMeta): ApiObjectMetadata & { name: string } {
  return { name, ...defined({ namespace, labels: labels && { ...labels }, annotations: annotations && { ...annotations } }) };
}
