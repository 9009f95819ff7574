import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageProblem, isPinned } from '#model/image-reference';

const DIGEST = `sha256:${'0f3c'.repeat(16)}`;

const WELL_FORMED = [
  'kafka-tls',
  'kafka-tls:1.2.3',
  'registry.example/kafka-tls',
  'registry.example:5000/team/kafka-tls:1',
  'localhost:5000/kafka-tls',
  '[2001:db8::1]:5000/kafka-tls:1',
  `registry.example/kafka-tls@${DIGEST}`,
  `registry.example/kafka-tls:1.2@${DIGEST}`,
  'Registry.example/a/b__c/d-e.f:Tag_1',
  `kafka-tls@sha512:${'0'.repeat(128)}`,
];
for (const image of WELL_FORMED) test(`accepts ${image.slice(0, 60)}`, () => assert.equal(imageProblem(image), undefined));

const MALFORMED: readonly { readonly image: string; readonly says: RegExp }[] = [
  { image: '', says: /empty/ },
  { image: 'registry.example/kafka tls', says: /spaces/ },
  { image: ' registry.example/kafka-tls', says: /spaces/ },
  { image: 'https://registry.example/kafka-tls', says: /URL/ },
  { image: 'registry.example/Kafka-TLS:1', says: /lower-case/ },
  { image: 'registry.example/kafka-tls@sha256:0f3c', says: /64 hexadecimal digits, this has 4/ },
  { image: `registry.example/kafka-tls@${DIGEST}0`, says: /this has 65/ },
  { image: `registry.example/kafka-tls@${DIGEST.toUpperCase()}`, says: /begin with/ },
  { image: `registry.example/kafka-tls@sha256:${'0F3C'.repeat(16)}`, says: /lower-case hexadecimal/ },
  { image: 'registry.example/kafka-tls@sha256:0f3c…', says: /hexadecimal/ },
  { image: `registry.example/kafka-tls@${'0f3c'.repeat(16)}`, says: /begin with sha256/ },
  { image: 'registry.example/kafka-tls@md5:0f3c', says: /begin with/ },
  { image: 'registry.example/kafka-tls@', says: /begin with/ },
  { image: `a@${DIGEST}@${DIGEST}`, says: /more than one/ },
  { image: 'registry.example/kafka-tls:', says: /"" is not a tag/ },
  { image: 'registry.example/kafka-tls:a b', says: /spaces/ },
  { image: `registry.example/kafka-tls:${'x'.repeat(129)}`, says: /not a tag/ },
  { image: 'registry.example//kafka-tls', says: /not an image name/ },
  { image: '/kafka-tls', says: /not an image name/ },
  { image: 'registry.example/kafka-tls/', says: /not an image name/ },
  { image: 'registry.example/-kafka', says: /not an image name/ },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable that nothing replaced
  { image: 'registry.example/kafka-tls:${TAG}', says: /not a tag|not an image name/ },
  { image: `registry.example/${'a'.repeat(250)}`, says: /255 characters/ },
];
for (const { image, says } of MALFORMED) {
  test(`refuses "${image.slice(0, 60)}"`, () => assert.match(imageProblem(image) ?? '', says));
}

test('distinguishes a digest from a tag', () => {
  assert.equal(isPinned(`registry.example/kafka-tls:1@${DIGEST}`), true);
  assert.equal(isPinned('registry.example/kafka-tls:1'), false);
});
