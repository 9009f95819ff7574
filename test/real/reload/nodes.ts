/** What real nodes answer to the requests that a reload is made of. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { RunningPod } from '../kubelet/report';
import type { Place } from './place';

export function nodes(place: () => Place): void {
  test('report the settings that decide', async () => {
    for (const { name, role } of place().environment.pods()) {
      const answer = await place().environment.admin.settings(await place().node(name));
      assert.ok('value' in answer, 'unknown' in answer ? `${name}: ${answer.unknown}` : '');
      assert.equal(answer.value['ssl.keystore.location'], '/var/private/ssl/server.keystore.jks', `${name}, ${role}`);
      assert.match(answer.value['num.network.threads'] ?? '', /^\d+$/);
      assert.ok((answer.value['controller.quorum.voters'] ?? '') !== '');
      assert.ok(!Object.keys(answer.value).some((key) => /password/.test(key)));
    }
  });

  test('judge a file on their disk without loading it', async () => {
    const { environment } = place();
    const pod = environment.pods().find((p) => p.role === 'broker') as RunningPod;
    const settings = { 'listener.name.broker.ssl.keystore.location': '/var/private/ssl/./server.keystore.jks' };
    const ask = async () => environment.admin.validate(await place().node(pod.name), settings);
    assert.deepEqual(await ask(), { kind: 'accepted' });
    const store = path.join(pod.mounts.get('/var/private/ssl') ?? '', 'server.keystore.jks');
    const good = readFileSync(store);
    writeFileSync(store, 'not a key store');
    try {
      const answer = await ask();
      assert.equal(answer.kind, 'refused');
      assert.match('because' in answer ? answer.because : '', /keystore/i);
    } finally {
      writeFileSync(store, good);
    }
    assert.deepEqual(await ask(), { kind: 'accepted' });
  });
}
