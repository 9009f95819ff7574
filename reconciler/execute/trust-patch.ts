/**
 * The patch that has cert-manager write other trust stores beside a certificate that stays: more roots in `ca.crt`, and one of the annotations
 * that describe the certificate made wrong. cert-manager then writes the whole Secret again, with stores of all certificates of its `ca.crt`,
 * and issues nothing.
 */
import type { KubeObject } from '#model/kube-object';
import { ANNOTATION_TRUST } from '#model/names';
import type { JsonPatchOperation } from '../ports';

/** cert-manager compares it with the certificate, and puts it right. */
const DETAIL = 'cert-manager.io/common-name';

/** Returns the patch, on the version of the Secret that was read. `roots` are in PEM. */
export function trustPatch(
  { resourceVersion }: Pick<KubeObject['metadata'], 'resourceVersion'>,
  roots: readonly string[],
): readonly JsonPatchOperation[] {
  const pem = roots.join('');
  const annotation = (key: string, value: string): JsonPatchOperation => {
    return { op: 'add', path: `/metadata/annotations/${key.replaceAll('/', '~1')}`, value };
  };
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/data/ca.crt', value: Buffer.from(pem).toString('base64') },
    annotation(ANNOTATION_TRUST, pem),
    annotation(DETAIL, 'the trust stores are to be written again'),
  ];
}
