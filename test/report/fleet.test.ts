/** Cells of the table of many Kafkas that the golden table does not show. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLEET_FORMAT, type FleetStatus, type StatusRow } from '#reconciler/model/fleet';
import { cellsOf, fleetText, HEADINGS } from '#reconciler/report/fleet';
import { PLAIN } from '#reconciler/report/style';

const OBSERVED = '2026-11-23T09:00:00Z';
const ROW: StatusRow = {
  namespace: 'demo',
  kafka: 'orders',
  stored: { tls: 'on', issuer: 'Issuer/orders-ca' },
  served: { tls: 0, plaintext: 0, unknown: 0 },
  drift: [],
  unknown: [],
};
const certificate = (subject: string, notAfter: string) => ({ fingerprint: '0123456789abcdef', subject, notAfter });
const statusOf = (...kafkas: readonly StatusRow[]): FleetStatus => {
  return { format: FLEET_FORMAT, observedAt: OBSERVED, isComplete: true, kafkas, unread: [] };
};

const CELLS: readonly { readonly name: string; readonly row: Partial<StatusRow>; readonly heading: string; readonly shows: string }[] = [
  { name: 'a root by its common name', row: { ca: certificate('O=acme, CN=root', OBSERVED) }, heading: 'ROOT', shows: 'root 01234567' },
  { name: 'a root without one', row: { ca: certificate('O=acme', OBSERVED) }, heading: 'ROOT', shows: 'O=acme 01234567' },
  { name: 'a root without a subject', row: { ca: certificate('', OBSERVED) }, heading: 'ROOT', shows: '01234567' },
  { name: 'whole days', row: { leaf: certificate('', '2026-11-25T08:59:59Z') }, heading: 'LEAF', shows: '1 d' },
  { name: 'a day after the end', row: { leaf: certificate('', '2026-11-22T09:00:00Z') }, heading: 'LEAF', shows: '-1 d' },
  { name: 'a Kafka without a running pod', row: {}, heading: 'SERVED', shows: 'nothing' },
  {
    name: 'several protocols',
    row: { served: { tls: 4, plaintext: 2, unknown: 1 } },
    heading: 'SERVED',
    shows: '4 TLS, 2 plaintext, 1 unknown',
  },
  { name: 'a run without a time', row: { lastRun: { by: 'Job/demo/a', result: 'failed' } }, heading: 'LAST RUN', shows: 'failed' },
  { name: 'more than one difference', row: { drift: ['a', 'b'], unknown: ['c'] }, heading: 'DIFFERS', shows: 'a (and 2 more)' },
];

describe('the table of many Kafkas shows', () => {
  for (const { name, row, heading, shows } of CELLS) {
    test(name, () => assert.equal(cellsOf({ ...ROW, ...row }, statusOf())[HEADINGS.indexOf(heading)], shows));
  }

  test('no table without a Kafka', () => assert.equal(fleetText(statusOf(), PLAIN), '0 Kafkas in all namespaces: no difference.\n'));

  test('text of the cluster without characters that steer a terminal', () => {
    const hostile = { ...ROW, drift: ['\u001b[31mred'], ca: certificate('CN=\u202egnp', OBSERVED) };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be printed
    assert.doesNotMatch(fleetText({ ...statusOf(hostile), unread: [{ what: 'Pod', because: '\u001b[2J' }] }, PLAIN), /[\u001b\u202e]/);
  });
});
