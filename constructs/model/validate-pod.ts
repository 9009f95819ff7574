/** What Kubernetes refuses in the template of the reconciler's pods, and changes of what the reconciler rests on. */
import { isMap, type KubeObject, refOf } from './kube-object';
import { isDnsSubdomain, isLabelValue, isQualifiedName, isVariableName, parseQuantity } from './kubernetes-names';
import { annotationViolations, labelViolations } from './validate-metadata';
import { type ReportViolation, type Violation, violationsFor } from './violation';

type Fields = Readonly<Record<string, unknown>>;

const TEMPLATE = 'spec.template';

/** What the reconciler needs of a template, whatever the user adds. */
export interface PodNeeds {
  /** Labels by which the NetworkPolicy selects the pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** ServiceAccount that the permissions are granted to. */
  readonly serviceAccount: string;
  /** Name of the container whose exit codes the Job's podFailurePolicy is about. */
  readonly container: string;
}

/** Returns what is wrong with the pods of a Job. */
export function podViolations(job: KubeObject, needs: PodNeeds): readonly Violation[] {
  const { metadata = {}, spec = {} } = job.spec?.template ?? {};
  const { error, warning } = violationsFor(refOf(job));
  const {
    containers,
    nodeSelector = {},
    tolerations = [],
    affinity = {},
    securityContext = {},
    priorityClassName,
    restartPolicy,
    imagePullSecrets = [],
  } = spec;
  return [
    ...labelViolations(job, `${TEMPLATE}.metadata.labels`, metadata.labels ?? {}),
    ...annotationViolations(job, `${TEMPLATE}.metadata.annotations`, metadata.annotations ?? {}),
    ...reservedLabels(error, metadata.labels ?? {}, needs.labels),
    ...containerViolations(error, containers, needs.container),
    ...labelViolations(job, `${TEMPLATE}.spec.nodeSelector`, nodeSelector),
    ...tolerationViolations(error, tolerations),
    ...affinityViolations(error, affinity),
    ...accountViolations(warning, spec, needs.serviceAccount),
    ...unknownFields(warning, spec),
    ...userViolations(error, securityContext),
    ...pullSecretViolations(error, imagePullSecrets),
    ...(priorityClassName === undefined || isDnsSubdomain(priorityClassName)
      ? []
      : [error(`${TEMPLATE}.spec.priorityClassName`, priorityClassName, 'that is not the name of a PriorityClass', LOWER_CASE)]),
    ...(restartPolicy === 'Never'
      ? []
      : [error(`${TEMPLATE}.spec.restartPolicy`, restartPolicy, 'a Job with a podFailurePolicy has "Never"', 'Leave it out.')]),
  ];
}

const LOWER_CASE = 'Use lower-case letters, digits, "-" and ".".';

/** Labels that Kubernetes itself gives to the pods of a Job. */
const OF_JOBS = /^(batch\.kubernetes\.io\/.*|controller-uid|job-name)$/;

function reservedLabels(error: ReportViolation, labels: Fields, needed: Fields): readonly Violation[] {
  const changed = Object.keys(needed).filter((key) => labels[key] !== needed[key]);
  const ofJobs = Object.keys(labels).filter((key) => OF_JOBS.test(key));
  const field = (key: string) => `${TEMPLATE}.metadata.labels[${key}]`;
  return [
    ...changed.map((key) => error(field(key), labels[key], `pods are found by it, as ${needed[key]}`, 'Use another label.')),
    ...ofJobs.map((key) => error(field(key), labels[key], 'Kubernetes gives this label to the pods of a Job itself', 'Use another label.')),
  ];
}

function containerViolations(error: ReportViolation, containers: unknown, name: string): readonly Violation[] {
  const field = `${TEMPLATE}.spec.containers`;
  const all: readonly Fields[] = Array.isArray(containers) ? containers.filter(isMap) : [];
  if (!all.some((container) => container.name === name))
    return [
      error(
        field,
        all.map((container) => container.name),
        `the reconciler runs in the container ${name}`,
        'Leave the containers out.',
      ),
    ];
  return all.flatMap((container, i) => [
    ...environmentViolations(error, `${field}[${i}]`, container),
    ...resourceViolations(error, `${field}[${i}].resources`, isMap(container.resources) ? container.resources : {}),
    ...pullPolicyViolations(error, `${field}[${i}].imagePullPolicy`, container.imagePullPolicy),
  ]);
}

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

function pullPolicyViolations(error: ReportViolation, field: string, policy: unknown): readonly Violation[] {
  if (policy === undefined || PULL_POLICIES.includes(String(policy))) return [];
  return [error(field, policy, 'Kubernetes has no such policy', `Use ${PULL_POLICIES.join(', ')}.`)];
}

function environmentViolations(error: ReportViolation, field: string, { env, envFrom }: Fields): readonly Violation[] {
  const variables = (Array.isArray(env) ? env : []).flatMap(({ name, value }: Fields, i) => {
    const at = `${field}.env[${i}]`;
    if (!isVariableName(String(name)))
      return [error(`${at}.name`, name, 'that is not the name of an environment variable', 'Use letters, digits and "_".')];
    if (value !== undefined && typeof value !== 'string')
      return [error(`${at}.value`, value, `the value of ${name} is a text`, 'Put it into quotes.')];
    // Never the value: it may be what must not be in Git.
    return typeof value === 'string' && /:\/\/[^/@\s]*:[^/@\s]+@/.test(value)
      ? [error(`${at}.value`, '(an address with a password)', 'it stands in Git, and a password must not', 'Use job.pod.envFromSecrets.')]
      : [];
  });
  const sources = (Array.isArray(envFrom) ? envFrom : []).flatMap((source: Fields, i) =>
    (['configMapRef', 'secretRef'] as const).flatMap((kind) => {
      const ref = source[kind];
      if (!isMap(ref) || isDnsSubdomain(ref.name)) return [];
      return [error(`${field}.envFrom[${i}].${kind}.name`, ref.name, 'that is not the name of a Kubernetes object', LOWER_CASE)];
    }),
  );
  return [...variables, ...sources];
}

/** Below this no program starts. Amounts above it are for the user to choose. */
const LEAST_MEMORY = 1024 ** 2;

/** Other resources have a domain in their names, such as "nvidia.com/gpu". */
function isResource(name: string): boolean {
  return (
    ['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-') || (name.includes('/') && isQualifiedName(name))
  );
}

function resourceViolations(error: ReportViolation, field: string, resources: Fields): readonly Violation[] {
  const amounts = (kind: 'requests' | 'limits'): Fields => (isMap(resources[kind]) ? resources[kind] : {});
  const malformed = (['requests', 'limits'] as const).flatMap((kind) =>
    Object.entries(amounts(kind)).flatMap(([resource, value]) => {
      const at = `${field}.${kind}.${resource}`;
      if (!isResource(resource)) return [error(at, value, 'a container has no such resource', 'Use cpu, memory or ephemeral-storage.')];
      const amount = parseQuantity(value) ?? -1;
      if (amount < 0) return [error(at, value, 'that is not a quantity', 'Write it as "100m", "1" or "256Mi".')];
      if (resource !== 'memory' || amount >= LEAST_MEMORY) return [];
      const why = `that is ${amount} bytes, and no process starts with so little ("m" stands for thousandths)`;
      return [error(at, value, why, 'Write it as "256Mi".')];
    }),
  );
  const excessive = Object.entries(amounts('requests')).flatMap(([resource, value]) => {
    const limit = amounts('limits')[resource];
    const [request, most] = [parseQuantity(value), parseQuantity(limit)];
    if (request === undefined || most === undefined || request <= most) return [];
    return [error(`${field}.requests.${resource}`, value, `it is more than the limit, ${limit}`, 'Raise the limit, or request less.')];
  });
  return [...malformed, ...excessive];
}

const OPERATORS = ['Equal', 'Exists'];
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

const TAINT_HINT = 'Write it as "dedicated" or "node-role.kubernetes.io/infra".';

function tolerationViolations(error: ReportViolation, tolerations: unknown): readonly Violation[] {
  if (!Array.isArray(tolerations)) return [error(`${TEMPLATE}.spec.tolerations`, tolerations, 'a list is expected', 'Write a list.')];
  return tolerations.flatMap((toleration: Fields, i) => {
    const { key, operator = 'Equal', value, effect, tolerationSeconds } = toleration;
    const at = `${TEMPLATE}.spec.tolerations[${i}]`;
    const found: Violation[] = [];
    if (!OPERATORS.includes(String(operator)))
      found.push(error(`${at}.operator`, operator, 'that is not an operator', `Use ${OPERATORS.join(' or ')}.`));
    if (effect !== undefined && !EFFECTS.includes(String(effect)))
      found.push(error(`${at}.effect`, effect, 'no taint has this effect', `Use ${EFFECTS.join(', ')}, or leave it out.`));
    if (!key && operator !== 'Exists')
      found.push(error(`${at}.operator`, operator, 'without a key it has to be "Exists"', 'Set operator to "Exists", or name a key.'));
    if (operator === 'Exists' && value !== undefined)
      found.push(error(`${at}.value`, value, '"Exists" has no value', 'Leave the value out, or use "Equal".'));
    if (key && !isQualifiedName(String(key))) found.push(error(`${at}.key`, key, 'no taint has such a key', TAINT_HINT));
    if (value !== undefined && !isLabelValue(String(value)))
      found.push(error(`${at}.value`, value, 'no taint has such a value', 'Use at most 63 letters, digits, "-", "_" and ".".'));
    if (tolerationSeconds !== undefined && !Number.isInteger(tolerationSeconds))
      found.push(error(`${at}.tolerationSeconds`, tolerationSeconds, 'that is not a number of seconds', 'Use a whole number.'));
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      found.push(error(`${at}.tolerationSeconds`, tolerationSeconds, 'only "NoExecute" has a time', 'Set effect to "NoExecute".'));
    return found;
  });
}

const AFFINITIES = ['nodeAffinity', 'podAffinity', 'podAntiAffinity'];

function affinityViolations(error: ReportViolation, affinity: unknown): readonly Violation[] {
  const field = `${TEMPLATE}.spec.affinity`;
  const hint = `Use ${AFFINITIES.join(', ')}.`;
  if (!isMap(affinity)) return [error(field, affinity, 'a map is expected', hint)];
  return Object.keys(affinity)
    .filter((key) => !AFFINITIES.includes(key))
    .map((key) => error(`${field}.${key}`, affinity[key], 'Kubernetes has no such affinity', hint));
}

function accountViolations(warning: ReportViolation, spec: Fields, needed: string): readonly Violation[] {
  const { serviceAccountName, automountServiceAccountToken } = spec;
  const found: Violation[] = [];
  if (serviceAccountName !== needed) {
    const hint = 'Leave it out, or grant the same to this ServiceAccount.';
    found.push(warning(`${TEMPLATE}.spec.serviceAccountName`, serviceAccountName, `the Role is granted to ${needed}`, hint));
  }
  if (automountServiceAccountToken === false) {
    const why = 'the API server refuses a reconciler without a token';
    found.push(warning(`${TEMPLATE}.spec.automountServiceAccountToken`, false, why, 'Leave it out, or mount a token by a patch.'));
  }
  return found;
}

/** Fields of the spec of a pod up to Kubernetes 1.35. */
const POD_FIELDS = new Set(
  [
    'activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks ephemeralContainers',
    'hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os',
    'overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName',
    'schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain',
    'terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes workloadRef',
  ].flatMap((line) => line.split(' ')),
);

/** A later Kubernetes may know more fields, so that is no error. */
function unknownFields(warning: ReportViolation, spec: Fields): readonly Violation[] {
  return Object.keys(spec)
    .filter((key) => !POD_FIELDS.has(key))
    .map((key) => warning(`${TEMPLATE}.spec.${key}`, spec[key], "Kubernetes' pods have no such field", 'Correct its name, or remove it.'));
}

function userViolations(error: ReportViolation, securityContext: Fields): readonly Violation[] {
  return ['runAsUser', 'runAsGroup', 'fsGroup'].flatMap((name) => {
    const id = securityContext[name];
    if (id === undefined || (Number.isInteger(id) && Number(id) >= (name === 'runAsUser' ? 1 : 0) && Number(id) < 2 ** 31)) return [];
    const why = name === 'runAsUser' && id === 0 ? 'the process is not root' : 'that is not an id';
    return [error(`${TEMPLATE}.spec.securityContext.${name}`, id, why, 'Use a number from 1, or leave it to the platform.')];
  });
}

function pullSecretViolations(error: ReportViolation, secrets: unknown): readonly Violation[] {
  return (Array.isArray(secrets) ? secrets : []).flatMap(({ name }: Fields, i) =>
    isDnsSubdomain(name)
      ? []
      : [error(`${TEMPLATE}.spec.imagePullSecrets[${i}].name`, name, 'that is not the name of a Secret', LOWER_CASE)],
  );
}
