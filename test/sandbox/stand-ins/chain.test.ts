/** The chain that cert-manager's CA issuer makes of what its Secret holds; what the answers should be was read off cert-manager 1.21. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { singleChain } from '#reconciler/sandbox/stand-ins/pki/chain';
import { issueCertificate } from '#test/support/certificate-factory';

const root = issueCertificate({ commonName: 'chain-root', isCa: true });
const policy = issueCertificate({ commonName: 'chain-policy', issuer: root, isCa: true });
const issuing = issueCertificate({ commonName: 'chain-issuing', issuer: policy, isCa: true });
const leaf = issueCertificate({ commonName: 'chain-leaf', issuer: issuing });
const other = issueCertificate({ commonName: 'chain-other', isCa: true });

const cases: readonly {
  readonly name: string;
  readonly given: readonly (typeof root)[];
  readonly makes?: readonly [tlsCrt: string, caCrt: string];
}[] = [
  { name: 'leaves out the self-signed root', given: [leaf, issuing, policy, root], makes: ['leaf issuing policy', 'root'] },
  { name: 'goes by signatures, not by order', given: [root, policy, leaf, issuing], makes: ['leaf issuing policy', 'root'] },
  { name: 'counts a certificate once', given: [leaf, issuing, policy, policy, root, issuing], makes: ['leaf issuing policy', 'root'] },
  {
    name: 'keeps a top that is not self-signed, which becomes the CA, too',
    given: [leaf, issuing, policy],
    makes: ['leaf issuing policy', 'policy'],
  },
  { name: 'knows no more than the issuing CA', given: [leaf, issuing], makes: ['leaf issuing', 'issuing'] },
  { name: 'refuses a certificate that has signed nothing of the chain', given: [leaf, issuing, policy, other] },
  { name: 'refuses a chain with a gap', given: [leaf, issuing, root] },
];
for (const { name, given, makes } of cases) {
  test(name, () => {
    const chain = singleChain(given.map((c) => c.cert));
    const nameOf = (pem: string) => new X509Certificate(pem).subject.split('CN=chain-')[1];
    assert.deepEqual(chain && [chain.certificates.map(nameOf).join(' '), nameOf(chain.ca)], makes);
  });
}
