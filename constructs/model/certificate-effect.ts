/**
 * What the spec of a cert-manager Certificate comes to, however it is written. This is the one place that decides whether two specs ask for
 * the same certificate.
 *
 * Defaults are filled in, durations are numbers, lists are sets, names are canonical. An empty list, an empty map, an empty text and an
 * absent field are the same. Source: the defaults in cert-manager's API reference, v1.21, and its x509 encoding.
 */
import { ALTERNATIVE_NAMES } from './alternative-names';
import { keyKindOf } from './certificate-fields';
import { parseGoDuration } from './go-duration';
import { canonical, isEqual, isMap } from './kube-object';

type Fields = Readonly<Record<string, unknown>>;

const DEFAULT_DURATION = '2160h';
/** Several of cert-manager's names of a usage set the same bit, or the same extended usage. */
const USAGE_SYNONYMS: Readonly<Record<string, string>> = { signing: 'digital signature', 's/mime': 'email protection' };

/** Returns every field of the spec as it takes effect. Fields that are not known here are returned as they are. */
function effectOf(spec: Fields): Fields {
  const names = Object.entries(ALTERNATIVE_NAMES).map(([field, canonicalName]) => [field, setOf(spec[field], canonicalName)]);
  return {
    ...spec,
    ...Object.fromEntries(names),
    commonName: spec.commonName ?? '',
    literalSubject: spec.literalSubject ?? '',
    subject: subjectEffect(mapIn(spec.subject)),
    otherNames: setOf(spec.otherNames),
    duration: nanoseconds(spec.duration ?? DEFAULT_DURATION),
    renewBefore: renewBeforeEffect(spec),
    renewBeforePercentage: renewBeforeEffect(spec),
    isCA: spec.isCA ?? false,
    usages: usagesEffect(spec),
    encodeUsagesInRequest: spec.encodeUsagesInRequest ?? true,
    privateKey: privateKeyEffect(mapIn(spec.privateKey)),
    keystores: keystoresEffect(mapIn(spec.keystores)),
    additionalOutputFormats: setOf(spec.additionalOutputFormats),
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 1,
    issuerRef: issuerRefEffect(mapIn(spec.issuerRef)),
  };
}

function issuerRefEffect(issuer: Fields): Fields {
  return { name: issuer.name, kind: issuer.kind || 'Issuer', group: issuer.group || 'cert-manager.io' };
}

function subjectEffect(subject: Fields): Fields {
  const { serialNumber = '', ...lists } = subject;
  return { ...Object.fromEntries(Object.entries(lists).map(([field, list]) => [field, setOf(list)])), serialNumber };
}

function usagesEffect({ usages, isCA }: Fields): readonly string[] {
  const given = Array.isArray(usages) && usages.length > 0 ? usages : ['digital signature', 'key encipherment'];
  return setOf([...given, ...(isCA === true ? ['cert sign'] : [])], (usage) => USAGE_SYNONYMS[usage] ?? usage);
}

function privateKeyEffect(key: Fields): Fields {
  return { ...keyKindOf(key), encoding: key.encoding || 'PKCS1', rotationPolicy: key.rotationPolicy || 'Always' };
}

function keystoresEffect({ jks, pkcs12 }: Fields): Fields {
  return {
    jks: { create: false, alias: 'certificate', ...mapIn(jks) },
    pkcs12: { create: false, profile: 'LegacyRC2', ...mapIn(pkcs12) },
  };
}

/** How long before its end a certificate is renewed that lives as long as it was asked to. */
function renewBeforeEffect({ duration, renewBefore, renewBeforePercentage }: Fields): string {
  if (renewBefore !== undefined) return nanoseconds(renewBefore);
  const lifetime = parseGoDuration(String(duration ?? DEFAULT_DURATION)) ?? 0n;
  return String(typeof renewBeforePercentage === 'number' ? (lifetime * BigInt(Math.trunc(renewBeforePercentage))) / 100n : lifetime / 3n);
}

/** An unreadable duration is compared as it is written. */
function nanoseconds(duration: unknown): string {
  return String(parseGoDuration(String(duration)) ?? duration);
}

function setOf(list: unknown, canonicalItem: (item: string) => string = (item) => item): readonly string[] {
  const texts = (Array.isArray(list) ? list : []).map((item) => (typeof item === 'string' ? item : JSON.stringify(canonical(item))));
  return [...new Set(texts.map(canonicalItem))].sort();
}

function mapIn(value: unknown): Fields {
  return isMap(value) ? value : {};
}

/** How much a live spec may differ from a wanted one. */
export interface Comparison {
  /** A live list may hold more than the wanted one. Default: false. */
  readonly mayHoldMore?: boolean;
}

/**
 * Returns the fields of the wanted spec that the live spec does not have in effect, such as `dnsNames` or `privateKey.encoding`. Only fields
 * that the wanted spec writes down are compared: other fields belong to other writers.
 */
export function differingFields(wanted: unknown, live: unknown, { mayHoldMore = false }: Comparison = {}): readonly string[] {
  return below(mapIn(wanted), effectOf(mapIn(wanted)), effectOf(mapIn(live)), mayHoldMore);
}

/**
 * Returns the wanted spec with every field that the live one has in effect as the live one writes it. Sent like this it takes no field from
 * another writer, and cert-manager, which compares names as texts, issues nothing for a spelling.
 */
export function inLiveSpelling(wanted: Fields, live: unknown): Fields {
  const different = differingFields(wanted, live).map((field) => field.split('.')[0]);
  const has = mapIn(live);
  return Object.fromEntries(
    Object.entries(wanted).map(([field, value]) => [field, different.includes(field) ? value : (has[field] ?? value)]),
  );
}

function below(written: Fields, wanted: Fields, live: Fields, mayHoldMore: boolean, path = ''): readonly string[] {
  return Object.keys(written).flatMap((key) => {
    const [text, a, b] = [written[key], wanted[key], live[key]];
    if (text === undefined) return [];
    if (isMap(text)) return below(text, mapIn(a), mapIn(b), mayHoldMore, `${path}${key}.`);
    const holds = mayHoldMore && Array.isArray(a) ? a.every((item) => Array.isArray(b) && b.includes(item)) : isEqual(a ?? [], b ?? []);
    return holds ? [] : [`${path}${key}`];
  });
}
