/**
 * Rotations in which real Kafka nodes load their certificate while they run. KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of Kafka 4, and
 * KAFKA_TLS_TEST_ROTATIONS=100 as many rotations in a row instead of 5.
 */
import { after, before, describe } from 'node:test';
import { realKafkaEnvironments } from './kafka-environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { compiledLoad, type LoadProgram } from './load/program';
import { kills } from './reload/kills';
import { nodes } from './reload/nodes';
import { Place, RELEASE } from './reload/place';
import { refusals } from './reload/refusals';
import { renewals } from './reload/renewals';
import { rotationsInARow } from './reload/rotations';
import { times } from './reload/times';

const program = compiledLoad(RELEASE);
const skip = 'missing' in program ? program.missing : WITHOUT_KUBEDB;

describe(`nodes that load certificates while they run, ${RELEASE}`, { skip, concurrency: false, timeout: 7_200_000 }, () => {
  let found: Place;
  // Hooks run in this order: pods end before their control plane does.
  after(() => found?.stop());
  const environments = realKafkaEnvironments();
  const place = () => found;
  before(async () => {
    found = await Place.start(environments);
  });

  describe('the nodes', () => nodes(place));
  describe('rotations', () => rotationsInARow(place, program as LoadProgram));
  describe('files and renewals', () => renewals(place));
  describe('kills', () => kills(place));
  describe('time', () => times(place));
  describe('refusals', () => refusals(place));
});
