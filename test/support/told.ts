/** Whether clients hear of a CA before pods serve certificates of it, at whatever point a run is killed. */
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { defaultSecretName } from '#model/tls';
import { TRUST_KEY } from '#model/trust-bundle';
import { readCas } from '#reconciler/pki/certificates';
import { KAFKA, type World } from './world';

/** Looks whenever a pod restarts from now on; what is returned tells which pods restarted onto a CA that clients had not been told of. */
export function watchForUntold(world: World): () => Promise<readonly string[]> {
  const looks: Promise<string | undefined>[] = [];
  const look = async (pod: string): Promise<string | undefined> => {
    const [secret, configMap] = await Promise.all([
      world.cluster.get(world.ref(KINDS.Secret, defaultSecretName(KAFKA, 'server'))),
      world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))),
    ]);
    const held = readCas(Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString());
    const told = readCas(configMap?.data?.[TRUST_KEY] ?? '').certificates.map((c) => c.fingerprint);
    const untold = held.certificates.filter((c) => !told.includes(c.fingerprint));
    return untold.length === 0 ? undefined : `${pod}: ${untold.map((c) => c.subject).join(', ')}`;
  };
  world.onEvent = ({ event, subject }) => void (event === 'evicted' && looks.push(look(subject.name)));
  return async () => (await world.place.run(Promise.all(looks))).filter((line) => line !== undefined);
}
