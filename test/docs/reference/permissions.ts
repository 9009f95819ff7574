/** The page about the permissions of the Role, with the use of each. */
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { type Issuing, type Permission, permissions } from '#model/permissions';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { GENERATED, table } from './markdown';

const KAFKA = 'orders';

export function permissionsPage(): string {
  const rules = distinct(EXECUTORS.flatMap((executor) => rulesOf(executor, EVERY)));
  const parts = [
    '# Permissions',
    GENERATED,
    `The Role that KafkaTls emits for a Kafka \`${KAFKA}\`, in the namespace of the Kafka. It has no wildcards. A run asks the API server for each verb before its first write. What it means to grant them is in [Review the permissions](../how-to/review-the-permissions.md).`,
    table(['resource', 'verbs', 'only the object', 'use', 'for'], rules.map(rowOf)),
    'A run can do without what is marked as optional; it then does without that use.',
    '## Outside of the namespace',
    table(
      ['resource', 'verbs', 'only the object', 'use'],
      [
        [
          '`clusterissuers` (cert-manager.io)',
          '`get`',
          'those that TLS refers to',
          'see whether they are Ready; only if TLS refers to a ClusterIssuer',
        ],
      ],
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

const FOREIGN: Issuing = { isIssuerForeign: true };
const SELF_SIGNED: Issuing = { caSecrets: [`${KAFKA}-ca`] };
const SECURED: Issuing = { trustSecrets: ALIASES.map((alias) => brokerCertificateName(KAFKA, alias)) };
const EVERY = { ...FOREIGN, ...SELF_SIGNED, ...SECURED };

function rulesOf(executor: ExecutorName, issuing: Issuing): readonly Permission[] {
  return permissions(KAFKA, executor, issuing);
}

function rowOf(rule: Permission): readonly string[] {
  const { group, resource, verbs, name, use, isOptional } = rule;
  return [
    `\`${resource}\`${group === '' ? '' : ` (${group})`}`,
    verbs.map((verb) => `\`${verb}\``).join(', '),
    name === undefined ? 'any' : `\`${name}\``,
    isOptional === true ? `${use} (optional)` : use,
    condition(rule),
  ];
}

function condition(rule: Permission): string {
  const has = (rules: readonly Permission[]) => rules.some((r) => isSame(r, rule));
  const executors = EXECUTORS.filter((executor) => has(rulesOf(executor, EVERY)));
  const who = executors.length === EXECUTORS.length ? 'both executors' : executors.map((e) => `\`${e}\``).join(', ');
  const isIn = (issuing: Issuing) => has(executors.flatMap((executor) => rulesOf(executor, issuing)));
  if (isIn({})) return who;
  if (isIn(SECURED)) return `${who}, if TLS is on`;
  return `${who}, if TLS ${isIn(FOREIGN) ? 'refers to an issuer outside of the bundle' : 'has a self-signed CA of the bundle'}`;
}

function distinct(rules: readonly Permission[]): readonly Permission[] {
  return rules.filter((rule, i) => rules.findIndex((r) => isSame(r, rule)) === i);
}

function isSame(a: Permission, b: Permission): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
