import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Copies, forgotten, NO_DATA, replicated, withEmptyDisk } from '#reconciler/sandbox/stand-ins/kafka/copies';

const of = (...holders: number[]): Copies => ({ holders, losses: 0 });

describe('who holds the data of a replicated log', () => {
  const cases: readonly { readonly name: string; readonly has: Copies; readonly is: Copies }[] = [
    { name: 'what is written first is on those in sync', has: replicated(NO_DATA, 0, [0, 1]), is: of(0, 1) },
    { name: 'without a leader nothing is fetched', has: replicated(of(0), undefined, [0, 1]), is: of(0) },
    { name: 'an emptied node holds nothing', has: withEmptyDisk(of(0, 1), 1), is: of(0) },
    { name: 'an emptied node fetches it again', has: replicated(withEmptyDisk(of(0, 1), 1), 0, [0, 1]), is: of(0, 1) },
    { name: 'an emptied leader loses it', has: replicated(withEmptyDisk(of(0, 1), 0), 0, [0]), is: { holders: [0], losses: 1 } },
    { name: 'the only copy is emptied', has: replicated(withEmptyDisk(of(0), 0), 0, [0]), is: { holders: [0], losses: 1 } },
    { name: 'an empty disk where nothing was written', has: withEmptyDisk(NO_DATA, 0), is: NO_DATA },
    { name: 'the metadata is lost', has: forgotten(of(0, 1)), is: { losses: 1 } },
  ];
  for (const { name, has, is } of cases) test(name, () => assert.deepEqual(has, is));
});
