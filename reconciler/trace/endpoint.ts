/** Where the environment sends traces, by the variables that OpenTelemetry defines for every program. */

export interface TraceEndpoint {
  readonly url: string;
  /** The collector must have answered by then. */
  readonly timeoutMs: number;
  /** Files with certificates and a key, for https. */
  readonly files: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** OpenTelemetry's default. */
const TIMEOUT_MS = 10_000;

/** Returns where traces go; undefined if they go nowhere; a text, if what the environment asks for is not possible. */
export function traceEndpoint(env: Readonly<Record<string, string | undefined>>): TraceEndpoint | string | undefined {
  const value = (name: string) => ((env[name] ?? '').trim() === '' ? undefined : env[name]?.trim());
  /** The variable for traces precedes the one for all signals. */
  const read = (name: string) => value(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? value(`OTEL_EXPORTER_OTLP_${name}`);
  const own = value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const base = value('OTEL_EXPORTER_OTLP_ENDPOINT');
  if ((own ?? base) === undefined || value('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  if (value('OTEL_TRACES_EXPORTER') === 'none') return undefined;
  const given = own ?? `${base?.replace(/\/$/, '')}/v1/traces`;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    return `OTEL_EXPORTER_OTLP_${own === undefined ? '' : 'TRACES_'}ENDPOINT is no http or https URL`;
  }
  if (read('PROTOCOL') === 'grpc') return 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and kafka-tls sends by HTTP only';
  const [ca, cert, key] = [read('CERTIFICATE'), read('CLIENT_CERTIFICATE'), read('CLIENT_KEY')];
  const timeoutMs = Number(read('TIMEOUT') ?? TIMEOUT_MS);
  return {
    url: new URL(given).href,
    timeoutMs: Number.isFinite(timeoutMs) && timeoutMs > 0 ? timeoutMs : TIMEOUT_MS,
    files: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

/** Returns an address without what may be secret in it: user, password and query. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
