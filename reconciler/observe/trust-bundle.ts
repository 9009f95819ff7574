/** The ConfigMap with the CA certificates for clients. Only the certificates in it are kept; other writers may have added other data. */
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import type { TrustState } from '../model/observation';
import { TRUST_KEY, trustDigest } from '../model/trust-bundle';
import { readCas } from '../pki/certificates';
import type { Reader } from './reading';

/** Returns the ConfigMap of a Kafka's clients, or undefined when it may not be read. */
export function readTrust(reader: Reader, kafka: string): Promise<TrustState | undefined> {
  const name = trustName(kafka);
  const read = async (): Promise<TrustState> => {
    const configMap = await reader.get(KINDS.ConfigMap, name);
    if (configMap === undefined) return { ca: [] };
    const { data, binaryData: _, ...object } = configMap;
    const pem: unknown = data?.[TRUST_KEY];
    return typeof pem === 'string' ? { object, ca: readCas(pem).certificates, digest: trustDigest(pem) } : { object, ca: [] };
  };
  return reader.optional(`ConfigMap/${reader.namespace}/${name}`, read, undefined);
}
