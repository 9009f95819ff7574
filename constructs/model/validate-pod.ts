/**
 * What Kubernetes refuses in the pod template of the reconciler, and settings that the reconciler relies on.
 *
 * Only fields that the props of the pod can set are described; the API server checks the others.
 */
import { isLabelValue, isQualifiedName, isVariableName, parseQuantity } from './kubernetes-names';
import { mapIn } from './plain-data';
import { type FieldContext, isOneOf, listIn, type Rule, valueAt } from './rules';
import { annotationRules, IS_NAME, labelRules } from './validate-metadata';

/** What the reconciler needs of a template, whatever the user adds. */
export interface PodNeeds {
  /** Labels by which the NetworkPolicy selects the pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** ServiceAccount to which the permissions are granted. */
  readonly serviceAccount: string;
  /** Name of the container whose exit codes the Job's podFailurePolicy is about. */
  readonly container: string;
}

const LABELS = 'spec.template.metadata.labels';
const POD = 'spec.template.spec';
const CONTAINER = `${POD}.containers[]`;
const TOLERATION = `${POD}.tolerations[]`;
const AMOUNTS = [`${CONTAINER}.resources.requests.*`, `${CONTAINER}.resources.limits.*`];

/** Labels that Kubernetes itself gives to the pods of a Job. */
const OF_JOBS = /^(batch\.kubernetes\.io\/.*|controller-uid|job-name)$/;
const PASSWORD_IN_URL = /:\/\/[^/@\s]*:[^/@\s]+@/;
/** With less memory no program starts. Higher amounts are the user's choice. */
const LEAST_MEMORY = 1024 ** 2;

/** Resources other than Kubernetes' own have a domain in their names, such as "nvidia.com/gpu". */
function isResource(name: string): boolean {
  return (
    isOneOf('cpu', 'memory', 'ephemeral-storage')(name) || name.startsWith('hugepages-') || (name.includes('/') && isQualifiedName(name))
  );
}

const isInteger = (least: number) => (id: unknown) => Number.isInteger(id) && Number(id) >= least && Number(id) < 2 ** 31;

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

/** Rules for the pod template of a Job. */
export const podRules = ({ labels, serviceAccount, container }: PodNeeds): readonly Rule[] => [
  {
    field: `${LABELS}[*]`,
    must: (_, { key }) => !OF_JOBS.test(key),
    message: 'Kubernetes gives this label to the pods of a Job itself. Use another label.',
  },
  ...labelRules(LABELS),
  ...annotationRules('spec.template.metadata.annotations'),
  ...labelRules(`${POD}.nodeSelector`),
  {
    field: `${CONTAINER}.env[].name`,
    must: isVariableName,
    message: 'that is not the name of an environment variable. Use letters, digits and "_".',
  },
  {
    field: `${CONTAINER}.env[].value`,
    must: (value) => typeof value === 'string',
    message: (_, { parent }) => `the value of ${parent.name} is not a string. Put it into quotes.`,
  },
  {
    field: `${CONTAINER}.env[].value`,
    must: (value) => !PASSWORD_IN_URL.test(String(value)),
    message: 'the value is in Git, where no password may be. Use job.pod.envFromSecrets.',
    shows: '(an address with a password)',
  },
  { field: [`${CONTAINER}.envFrom[].configMapRef.name`, `${CONTAINER}.envFrom[].secretRef.name`], isRequired: true, ...IS_NAME },
  {
    field: AMOUNTS,
    must: (_, { key }) => isResource(key),
    message: 'a container has no such resource. Use cpu, memory or ephemeral-storage.',
  },
  {
    field: AMOUNTS,
    must: (amount) => (parseQuantity(amount) ?? -1) >= 0,
    message: 'that is not a quantity. Write it as "100m", "1" or "256Mi".',
  },
  {
    field: AMOUNTS,
    must: (amount, { key }) => key !== 'memory' || (parseQuantity(amount) ?? 0) >= LEAST_MEMORY,
    message: (amount) =>
      `that is ${parseQuantity(amount)} bytes, and no process starts with so little ("m" stands for thousandths). Write it as "256Mi".`,
  },
  {
    field: `${CONTAINER}.resources.requests.*`,
    must: (request, context) => (parseQuantity(request) ?? 0) <= (parseQuantity(limitBeside(context)) ?? Number.POSITIVE_INFINITY),
    message: (_, context) => `it is more than the limit, ${limitBeside(context)}. Raise the limit, or request less.`,
  },
  {
    field: `${CONTAINER}.imagePullPolicy`,
    must: isOneOf('Always', 'IfNotPresent', 'Never'),
    message: 'Kubernetes has no such policy. Use Always, IfNotPresent, Never.',
  },
  { field: `${POD}.tolerations`, must: Array.isArray, message: 'a list is expected. Write a list.' },
  { field: `${TOLERATION}.operator`, must: isOneOf('Equal', 'Exists'), message: 'that is not an operator. Use Equal or Exists.' },
  {
    field: `${TOLERATION}.operator`,
    isRequired: true,
    must: (operator, { parent }) => Boolean(parent.key) || operator === 'Exists',
    message: 'without a key it must be "Exists". Set operator to "Exists", or name a key.',
  },
  {
    field: `${TOLERATION}.effect`,
    must: isOneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    message: 'no taint has this effect. Use NoSchedule, PreferNoSchedule, NoExecute, or leave it out.',
  },
  {
    field: `${TOLERATION}.key`,
    must: (key) => key === '' || isQualifiedName(String(key)),
    message: 'no taint has such a key. Write it as "dedicated" or "node-role.kubernetes.io/infra".',
  },
  {
    field: `${TOLERATION}.value`,
    must: (_, { parent }) => parent.operator !== 'Exists',
    message: '"Exists" has no value. Leave the value out, or use "Equal".',
  },
  {
    field: `${TOLERATION}.value`,
    must: isLabelValue,
    message: 'no taint has such a value. Use at most 63 letters, digits, "-", "_" and ".".',
  },
  { field: `${TOLERATION}.tolerationSeconds`, must: Number.isInteger, message: 'that is not a number of seconds. Use a whole number.' },
  {
    field: `${TOLERATION}.tolerationSeconds`,
    must: (_, { parent }) => parent.effect === 'NoExecute',
    message: 'only the effect "NoExecute" has a time. Set effect to "NoExecute".',
  },
  {
    field: `${POD}.affinity.*`,
    must: (_, { key }) => isOneOf('nodeAffinity', 'podAffinity', 'podAntiAffinity')(key),
    message: 'Kubernetes has no such affinity. Use nodeAffinity, podAffinity, podAntiAffinity.',
  },
  { field: `${POD}.affinity`, must: (affinity) => mapIn(affinity) === affinity, message: 'a map is expected. Write a map.' },
  {
    field: `${POD}.securityContext.runAsUser`,
    must: isInteger(1),
    message: 'the process must run as a user other than root. Use a number from 1, or leave it to the platform.',
  },
  {
    field: [`${POD}.securityContext.runAsGroup`, `${POD}.securityContext.fsGroup`],
    must: isInteger(0),
    message: 'that is not an id. Use a whole number, or leave it to the platform.',
  },
  { field: `${POD}.imagePullSecrets[].name`, isRequired: true, ...IS_NAME },
  { field: `${POD}.priorityClassName`, ...IS_NAME },
  {
    field: `${POD}.restartPolicy`,
    isRequired: true,
    must: isOneOf('Never'),
    message: 'a Job with a podFailurePolicy requires "Never". Leave it out.',
  },
  {
    // A later version of Kubernetes may have more fields.
    field: `${POD}.*`,
    severity: 'warning',
    must: (_, { key }) => POD_FIELDS.has(key),
    message: `Kubernetes' pods have no such field. Correct its name, or remove it.`,
  },
  {
    field: `${POD}.automountServiceAccountToken`,
    severity: 'warning',
    must: (isMounted) => isMounted !== false,
    message: 'the API server refuses a reconciler without a token. Leave it out, or mount a token by a patch.',
  },
  {
    field: Object.keys(labels).map((key) => `${LABELS}[${key}]`),
    isRequired: true,
    must: (value, { key }) => value === labels[key],
    message: (_, { key }) => `the NetworkPolicy selects the pods by this label, as ${labels[key]}. Use another label.`,
  },
  {
    field: `${POD}.containers`,
    isRequired: true,
    must: (containers) => listIn(containers).some((c) => mapIn(c).name === container),
    message: `the reconciler runs in the container ${container}. Leave the containers out.`,
  },
  {
    field: `${POD}.serviceAccountName`,
    isRequired: true,
    severity: 'warning',
    must: isOneOf(serviceAccount),
    message: `the Role is granted to ${serviceAccount}. Leave it out, or grant the same to this ServiceAccount.`,
  },
];

function limitBeside({ object, path }: FieldContext): unknown {
  return valueAt(object, path.replace('.requests.', '.limits.'));
}
