/** Where the environment sends traces. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shownUrl, type TraceEndpoint, traceEndpoint } from '#reconciler/trace/endpoint';

const ALL = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';

describe('traces go', () => {
  const cases: readonly (readonly [name: string, env: Readonly<Record<string, string>>, to: string | undefined])[] = [
    ['nowhere without a variable', {}, undefined],
    ['nowhere with an empty one', { [ALL]: ' ' }, undefined],
    ['to the path for traces below the address for all signals', { [ALL]: 'http://otel:4318' }, 'http://otel:4318/v1/traces'],
    ['below the path of that address', { [ALL]: 'https://otel/a/' }, 'https://otel/a/v1/traces'],
    ['to the address for traces as it is', { [ALL]: 'http://other', [TRACES]: 'http://otel:4318/x' }, 'http://otel:4318/x'],
    ['nowhere if the SDK is off', { [ALL]: 'http://otel', OTEL_SDK_DISABLED: 'true' }, undefined],
    ['nowhere if traces are off', { [ALL]: 'http://otel', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ];
  for (const [name, env, to] of cases) {
    test(name, () => assert.equal((traceEndpoint(env) as TraceEndpoint | undefined)?.url, to));
  }
});

describe('what is not possible is a text', () => {
  const cases: readonly (readonly [env: Readonly<Record<string, string>>, says: RegExp])[] = [
    [{ [ALL]: 'otel:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL$/],
    [{ [TRACES]: 'a b' }, /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no http or https URL$/],
    [{ [ALL]: 'http://otel:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /is grpc, and kafka-tls sends by HTTP only$/],
  ];
  for (const [env, says] of cases) test(String(says), () => assert.match(String(traceEndpoint(env)), says));
});

test('the time is that of the environment, else ten seconds', () => {
  const timeoutOf = (env: Readonly<Record<string, string>>) => (traceEndpoint({ [ALL]: 'http://otel', ...env }) as TraceEndpoint).timeoutMs;
  assert.equal(timeoutOf({}), 10_000);
  assert.equal(timeoutOf({ OTEL_EXPORTER_OTLP_TIMEOUT: '500' }), 500);
  assert.equal(timeoutOf({ OTEL_EXPORTER_OTLP_TIMEOUT: '500', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '200' }), 200);
  assert.equal(timeoutOf({ OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' }), 10_000);
});

test('the files of a certificate are those of the environment', () => {
  const env = { [ALL]: 'https://otel', OTEL_EXPORTER_OTLP_CERTIFICATE: 'ca.pem', OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: 'key.pem' };
  assert.deepEqual((traceEndpoint(env) as TraceEndpoint).files, { ca: 'ca.pem', key: 'key.pem' });
});

test('a user, a password and a query are not shown', () => {
  assert.equal(shownUrl('https://user:secret@otel:4318/v1/traces?token=secret'), 'https://otel:4318/v1/traces');
});
