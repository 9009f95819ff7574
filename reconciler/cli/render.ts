/** `kafka-tls render`: the manifests inside a bundle, for kubeconform and for reviewers. Needs no cluster. */
import type { Bundle } from '#model/bundle';
import { formatRef, type KubeObject, refOf } from '#model/kube-object';
import { yamlText } from '../input/yaml';
import { printableJson } from '../report/printable';
import type { Format, OutputFlags, SourceFlags } from './flags';
import type { Session } from './io';
import { bundlesInFiles } from './session';

export interface RenderFlags extends SourceFlags, OutputFlags<'render'> {}

/** Prints the manifests and returns the exit code. */
export async function runRender(flags: RenderFlags, session: Session): Promise<number> {
  const manifests = (await bundlesInFiles(session, flags)).flatMap(manifestsOf);
  session.io.stdout(PRINTED[flags.output](manifests));
  return 0;
}

interface Rendered {
  readonly manifest: KubeObject;
  readonly when: string;
}

const PRINTED: Readonly<Record<Format<'render'>, (manifests: readonly Rendered[]) => string>> = {
  text: (manifests) => manifests.map(document).join(''),
  json: (manifests) => list(manifests.map((m) => m.manifest)),
};

/** Returns the manifests of a bundle in their order of use, each with its use. */
function manifestsOf(bundle: Bundle): readonly Rendered[] {
  const operations = [bundle.converge, ...(bundle.rotate === undefined ? [] : [bundle.rotate]), bundle.restart];
  const always = 'applied by every run';
  return [
    ...bundle.issuerManifests.map((manifest) => ({ manifest, when: always })),
    ...bundle.brokerCertificates.map((manifest) => ({ manifest, when: always })),
    ...(bundle.kafka === undefined ? [] : [{ manifest: bundle.kafka, when: 'created if there is no such Kafka' }]),
    ...operations.map((manifest) => ({ manifest, when: 'a candidate, created if the live state needs it' })),
  ];
}

function document({ manifest, when }: Rendered): string {
  return `---\n# ${formatRef(refOf(manifest))}: ${when}\n${yamlText(manifest)}`;
}

function list(items: readonly KubeObject[]): string {
  return `${printableJson({ apiVersion: 'v1', kind: 'List', items }, 2)}\n`;
}
