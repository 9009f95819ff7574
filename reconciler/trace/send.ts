/**
 * Sends a trace by OTLP/HTTP. The exporter of the SDK tries again what a collector may accept later, and reads headers and compression from
 * the environment of the process. However slow the collector is, the attempt ends in time and leaves no connection.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { withDeadline } from '../cluster/deadline';
import { networkReason } from '../cluster/network-error';
import type { Clock } from '../ports';
import type { TraceEndpoint } from './endpoint';
import { otlpSpans } from './otlp';
import type { Trace } from './trace';

/** Returns why the trace was not sent; undefined if the collector has it. Never rejects: a trace must not change how a run ends. */
export async function sendTrace(trace: Trace, endpoint: TraceEndpoint, clock: Clock): Promise<string | undefined> {
  const { url, timeoutMs, files } = endpoint;
  let agent: http.Agent | undefined;
  const onExpiry = () => new Error(`no answer in ${timeoutMs / 1_000} s`);
  try {
    const certificates = await read(files);
    const made = new URL(url).protocol === 'https:' ? new https.Agent(certificates) : new http.Agent();
    agent = made;
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs, httpAgentOptions: () => made });
    await withDeadline({ clock, ms: timeoutMs, onExpiry }, () => exported(exporter, trace));
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    agent?.destroy();
  }
}

function exported(exporter: OTLPTraceExporter, trace: Trace): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export([...otlpSpans(trace)], ({ code, error }) => {
      if (code === ExportResultCode.SUCCESS) resolve();
      else reject(error ?? new Error('it did not accept the trace'));
    });
  });
}

async function read(files: TraceEndpoint['files']): Promise<https.AgentOptions> {
  const contents = Object.entries(files).map(async ([name, file]) => [name, await readFile(file)] as const);
  return Object.fromEntries(await Promise.all(contents));
}

/** An HTTP status, a code of Node, or a text. What a collector answers is not repeated: it may be long, or hold what it was sent. */
function reasonOf(error: unknown): string {
  const { code, message = String(error) } = error as { readonly code?: unknown; readonly message?: string };
  if (typeof code === 'number') return `it answered with status ${code}`;
  return networkReason({ code: typeof code === 'string' ? code : '', message });
}
