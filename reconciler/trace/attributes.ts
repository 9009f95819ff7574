/**
 * Attributes of spans. The names are those of the semantic conventions of OpenTelemetry where these have one, such as `k8s.pod.name` and
 * `process.exit.code`; other names begin with `kafka_tls.`.
 */

export type Attributes = Readonly<Record<string, string | number | readonly string[]>>;

/** Returns the attributes that have a value. */
export function present(attributes: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Returns the attributes that name an object, which is given as events name it: `Pod/demo/orders-broker-0`. */
export function objectAttributes(subject: string): Attributes {
  const [kind, namespace, name] = subject.split('/');
  return present({
    'k8s.namespace.name': name === undefined ? undefined : namespace,
    'k8s.pod.name': kind === 'Pod' ? name : undefined,
    'kafka_tls.subject': subject,
  });
}
