/** Issuers: whether they are Ready, and which one a reference means. */
import { type Context, setConditions } from '../context';
import { type Controller, watch } from '../controller';
import { type Issuer, type IssuerRef, KINDS, type KindOf } from '../kinds';
import { caSecretNamespace, typeOf } from './issuer-types';

export function issuerController(context: Context, kind: KindOf<Issuer>): Controller<Issuer> {
  return {
    kind,
    watches: [
      watch(KINDS.Secret, ({ metadata: { name, namespace } }) =>
        context.cache.list(kind).filter((issuer) => issuer.spec.ca?.secretName === name && caSecretNamespace(issuer) === namespace),
      ),
    ],
    reconcile: async (issuer) => {
      await setConditions(context, issuer, [{ type: 'Ready', ...typeOf(issuer).readiness(context, issuer) }]);
    },
  };
}

/** Returns the issuer that a reference in a namespace means. */
export function findIssuer({ cache }: Context, namespace: string | undefined, { kind, name }: IssuerRef): Issuer | undefined {
  return kind === KINDS.ClusterIssuer.kind ? cache.get(KINDS.ClusterIssuer, undefined, name) : cache.get(KINDS.Issuer, namespace, name);
}
