/** The files of a recording as values. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { readRecording } from './record';

const FILES = {
  'events.ndjson': '{"event":"sending","at":1000500,"writer":"tls"}\n',
  'sends.csv': 'writer,number,partition,offset,sent,done,error\ntls,0,0,17,1000000,1004500,\ntls,1,1,-1,1003000,9003000,TimeoutException\n',
  'read.csv': 'writer,number,partition,offset\ntls,0,0,17\n',
  'live.csv': 'writer,number,partition,offset,sent,read\ntls,0,0,17,1000000,1009000\n',
  'views.csv':
    'node,role,asked,answered,leads,failure\n1000,controller,1000,2000,5,\n0,broker,1000,2000,0:5 11:7,\n1,broker,1000,2000,,EOFException\n',
};

describe('a recording', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-record-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const read = (change: Partial<typeof FILES> = {}) => {
    for (const [name, text] of Object.entries({ ...FILES, ...change })) writeFileSync(path.join(folder, name), text);
    return readRecording(folder);
  };

  test('has times in milliseconds, errors by name, and what each node leads with its epoch', () => {
    assert.deepEqual(read(), {
      events: [{ event: 'sending', at: 1000.5, writer: 'tls' }],
      sends: [
        { writer: 'tls', number: 0, partition: 0, offset: 17, sent: 1000, done: 1004.5 },
        { writer: 'tls', number: 1, partition: 1, offset: -1, sent: 1003, done: 9003, error: 'TimeoutException' },
      ],
      reads: [{ writer: 'tls', number: 0, partition: 0, offset: 17 }],
      live: [{ writer: 'tls', number: 0, partition: 0, offset: 17, sent: 1000, read: 1009 }],
      views: [
        { node: 1000, role: 'controller', asked: 1, answered: 2, leads: { quorum: 5 } },
        { node: 0, role: 'broker', asked: 1, answered: 2, leads: { 0: 5, 11: 7 } },
        { node: 1, role: 'broker', asked: 1, answered: 2, leads: {}, failure: 'EOFException' },
      ],
    });
  });

  test('ends with its last whole line, because the program may have been killed', () => {
    const cut = FILES['sends.csv'].slice(0, -10);
    assert.deepEqual(
      read({ 'sends.csv': cut }).sends.map((s) => s.number),
      [0],
    );
    assert.deepEqual(read({ 'sends.csv': '' }).sends, []);
  });
});
