import { ApiObject, type ApiObjectProps } from 'cdk8s';
import type { Construct } from 'constructs';
import type { KubeObject } from './model/kube-object';

/**
 * An object that is named after its content, as it is after patches by the user: other content, other object. A name that the user
 * patched in stays.
 */
export class ContentNamed extends ApiObject {
  private readonly nameOf: (manifest: KubeObject) => string;

  constructor(scope: Construct, id: string, props: ApiObjectProps, nameOf: (manifest: KubeObject) => string) {
    super(scope, id, props);
    this.nameOf = nameOf;
  }

  override toJson(): KubeObject {
    const manifest: KubeObject = super.toJson();
    if (manifest.metadata.name !== this.name) return manifest;
    return { ...manifest, metadata: { ...manifest.metadata, name: this.nameOf(manifest) } };
  }
}
