import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST } from '#model/names';
import { stateBefore } from '#reconciler/plan/requests';
import { TLS } from '../support/cluster-builder';

const cases: readonly { readonly name: string; readonly text: string; readonly is: unknown }[] = [
  { name: 'TLS', text: JSON.stringify(TLS), is: TLS },
  { name: 'no TLS', text: '"off"', is: 'off' },
  { name: 'another word', text: '"on"', is: undefined },
  { name: 'an object that is no TLS', text: '{}', is: undefined },
  { name: 'an issuer without a name', text: '{"issuerRef": {"kind": "Issuer"}}', is: undefined },
  { name: 'broken JSON', text: '{', is: undefined },
];

for (const { name, text, is } of cases) {
  test(`reads the state that a request records: ${name}`, () => {
    const request = {
      apiVersion: 'ops.kubedb.com/v1alpha1',
      kind: 'KafkaOpsRequest',
      metadata: { name: 'r', annotations: { [REQUEST.from]: text } },
    };
    assert.deepEqual(stateBefore(request), is);
  });
}
