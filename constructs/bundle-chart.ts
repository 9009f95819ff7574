/**
 * A chart of its own for the manifests of a bundle. An ApiObject below the user's chart would land in `dist/`, where Argo CD and Flux
 * would apply it: a KafkaOpsRequest would run at once, and again after every change of its name.
 *
 * Users patch the objects in it like any other. What they come to is asked for at synth, not before.
 */
import { ApiObject, type ApiObjectProps, App, Chart, Lazy } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { ContentNamed } from './content-named';
import { metadataProps } from './metadata';
import { canonical, type KubeObject } from './model/kube-object';
import { customResolvers, resolved } from './resolvers';

export class BundleChart {
  private readonly chart: Chart;

  /** Objects of the bundle get the labels of the chart around `scope`, and values are resolved as in its app. */
  constructor(scope: IConstruct, namespace: string) {
    const app = new App({ resolvers: customResolvers(scope) });
    this.chart = new Chart(app, 'bundle', { namespace, labels: Chart.of(scope).labels });
  }

  /** Returns an object of the bundle. Its spec may be lazy. */
  add(manifest: KubeObject): ApiObject {
    const object: ApiObject = new ApiObject(
      this.chart,
      this.freeId(manifest),
      propsOf(manifest, () => object),
    );
    return object;
  }

  /** Returns an object of the bundle whose name follows its content. */
  addContentNamed(manifest: KubeObject, nameOf: (manifest: KubeObject) => string): ApiObject {
    const object: ApiObject = new ContentNamed(
      this.chart,
      this.freeId(manifest),
      propsOf(manifest, () => object),
      nameOf,
    );
    return object;
  }

  /** Returns every manifest as it is now, with patches. */
  manifests(): readonly KubeObject[] {
    return this.chart.apiObjects.map((object) => canonical(object.toJson()));
  }

  /** Returns what validations that users added to objects of the bundle say. */
  validate(): readonly string[] {
    return this.chart.node.findAll().flatMap((construct) => construct.node.validate().map((said) => `[${construct.node.path}] ${said}`));
  }

  /** Two objects of one name are for validation to complain about, with a better sentence than that two constructs share an id. */
  private freeId(manifest: KubeObject): string {
    const id = `${manifest.kind}-${manifest.metadata.name}`;
    const taken = this.chart.node.children.filter((c) => c.node.id === id || c.node.id.startsWith(`${id}#`)).length;
    return taken === 0 ? id : `${id}#${taken + 1}`;
  }
}

function propsOf(manifest: KubeObject, object: () => ApiObject): ApiObjectProps {
  const spec = Lazy.any({ produce: () => resolved(manifest.spec, object()) });
  return { ...manifest, metadata: metadataProps(manifest.metadata), spec };
}
