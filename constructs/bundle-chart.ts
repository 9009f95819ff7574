/**
 * A separate chart for the manifests of a bundle. An ApiObject below the user's chart would land in `dist/`, where Argo CD and Flux would
 * apply it: a KafkaOpsRequest would run at once, and again after every change of its name.
 *
 * Users patch its objects like any other. Their manifests are rendered at synth.
 */
import { ApiObject, App, Chart, Lazy } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { canonical, type KubeObject } from './model/kube-object';
import { metadataProps, type Rendering, render } from './rendering';
import { customResolvers, resolved } from './resolvers';

export class BundleChart {
  private readonly chart: Chart;

  /** Objects of the bundle get the labels of the chart around `scope`, and values are resolved as in its app. */
  constructor(scope: IConstruct, namespace: string) {
    const app = new App({ resolvers: customResolvers(scope) });
    this.chart = new Chart(app, 'bundle', { namespace, labels: Chart.of(scope).labels });
  }

  /** Adds an object to the bundle and returns it. Its spec may be lazy. */
  add(manifest: KubeObject, rendering: Rendering = {}): ApiObject {
    const object: ApiObject = new ApiObject(this.chart, this.freeId(manifest), {
      ...manifest,
      metadata: metadataProps(manifest.metadata),
      spec: Lazy.any({ produce: () => resolved(manifest.spec, object) }),
    });
    return render(object, rendering);
  }

  /** Returns every manifest with its patches. */
  manifests(): readonly KubeObject[] {
    return this.chart.apiObjects.map((object) => canonical(object.toJson()));
  }

  /** Returns the errors of validations that users added to objects of the bundle. */
  validate(): readonly string[] {
    return this.chart.node.findAll().flatMap((construct) => construct.node.validate().map((error) => `[${construct.node.path}] ${error}`));
  }

  /** Validation reports two objects of one name better than cdk8s reports two constructs of one id. */
  private freeId(manifest: KubeObject): string {
    const id = `${manifest.kind}-${manifest.metadata.name}`;
    const taken = this.chart.node.children.filter((c) => c.node.id === id || c.node.id.startsWith(`${id}#`)).length;
    return taken === 0 ? id : `${id}#${taken + 1}`;
  }
}
