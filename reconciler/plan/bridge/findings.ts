/** Leaves of another phase than comes next, and leaves beside which the old root still is when nodes serve the new one. */
import { issuerOf } from '#model/tls';
import type { SecretFacts } from '../../model/observation';
import { issuerStateOf } from '../issuers';
import { type AliasFinding, aliasViews, certificateSecret, finding, type PlanInput } from '../plan-input';
import { isBetween, isRoot, type Phase, phaseOf } from './phases';

const WHY: Readonly<Record<Phase, string>> = {
  bridged: 'nodes are to trust the old root again',
  anchored: 'nodes are to trust the key of the new CA before its certificate is self-signed',
  new: 'the certificate of its CA is self-signed from then on',
};

/**
 * Returns the leaves that only a rotation brings into the phase that comes next. The client certificate stays out of `anchored`: OpenSSL
 * trusts no bridge that lies in its ca.crt.
 */
export function phaseFindings(input: PlanInput): readonly AliasFinding[] {
  const { bridge } = input;
  return aliasViews(input).flatMap(({ secret, subject, alias }) => {
    if (secret?.leaf === undefined) return [];
    if (bridge === undefined) {
      return alias !== 'server' && isBehind(input, secret) ? [{ ...finding(subject, 'RootBridged', WHY.new), alias }] : [];
    }
    const phase = phaseOf(secret, bridge.key);
    if (phase === 'old' || phase === bridge.target || (bridge.target === 'anchored' && alias !== 'server')) return [];
    return [{ ...finding(subject, 'RootBridged', WHY[bridge.target]), alias }];
  });
}

/** Tells whether nodes serve the new root, and a certificate of its CA comes with the old one or with the bridge. */
export function isBehind(input: PlanInput, secret: SecretFacts): boolean {
  const { bundle, live } = input;
  if (bundle.tls === 'off') return false;
  const [root] = issuerStateOf(live, issuerOf(bundle.tls, 'server'))?.ca ?? [];
  const server = certificateSecret(live, bundle.tls, 'server');
  if (root === undefined || !isRoot(root) || server === undefined || phaseOf(server, root.publicKey) !== 'new') return false;
  return isBetween(secret, root.publicKey);
}
