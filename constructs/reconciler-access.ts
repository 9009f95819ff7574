import { type ApiObject, JsonPatch } from 'cdk8s';
import {
  ClusterRole,
  ClusterRoleBinding,
  type IClusterRole,
  type IRole,
  NetworkPolicy,
  NetworkPolicyTrafficDefault,
  Pods,
  Role,
  RoleBinding,
  ServiceAccount,
} from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { groupOf, KINDS } from './model/kube-object';
import { type KafkaIdentity, ownedMetadata } from './model/manifests';
import { bundleName, clusterRoleName } from './model/names';
import type { Permission } from './model/permissions';
import { metadataProps, render } from './rendering';

/** Properties of ReconcilerAccess. */
export interface ReconcilerAccessProps {
  readonly identity: KafkaIdentity;
  readonly permissions: readonly Permission[];
  /** Labels of the pods of Job and CronJob. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** Returns the names of the ClusterIssuers that TLS refers to, at synth. Absent if TLS refers to none. */
  readonly clusterIssuers?: (() => readonly string[]) | undefined;
}

/**
 * The identity of the reconciler's pods, their permissions in the namespace of the Kafka, and the network traffic that they may have.
 *
 * @see "Using RBAC Authorization" in the documentation of Kubernetes
 *
 * @example
 *
 *   orders.access?.role.addJsonPatch(JsonPatch.add('/metadata/labels/reviewed', 'yes'));
 */
export class ReconcilerAccess extends Construct {
  /** ServiceAccount of the pods of Job and CronJob. */
  readonly serviceAccount: ApiObject;
  /** Permissions in the namespace of the Kafka. */
  readonly role: ApiObject;
  /** Grants `role` to `serviceAccount`. */
  readonly roleBinding: ApiObject;
  /** Permission to read the ClusterIssuers that TLS refers to. Absent if TLS refers to none. */
  readonly clusterRole?: ApiObject;
  /** Grants `clusterRole` to `serviceAccount`. Absent without `clusterRole`. */
  readonly clusterRoleBinding?: ApiObject;
  /** Denies all connections to the pods, and allows all connections from them. */
  readonly networkPolicy: ApiObject;

  constructor(scope: Construct, id: string, { identity, permissions, podLabels, clusterIssuers }: ReconcilerAccessProps) {
    super(scope, id);
    const metadata = metadataProps(ownedMetadata(identity, bundleName(identity.kafka)));
    const account = new ServiceAccount(this, 'ServiceAccount', { metadata, automountToken: false });
    const role = new Role(this, 'Role', { metadata });
    for (const { group, resource, verbs, name } of permissions) {
      role.allow([...verbs], { apiGroup: group, resourceType: resource, ...(name === undefined ? {} : { resourceName: name }) });
    }
    const roleBinding = new RoleBinding(this, 'RoleBinding', { metadata, role: role as IRole });
    roleBinding.addSubjects(account);
    // The API server, DNS and the brokers can be anywhere, so no egress is denied.
    const networkPolicy = new NetworkPolicy(this, 'NetworkPolicy', {
      metadata,
      selector: Pods.select(this, 'Pods', { labels: { ...podLabels } }),
      ingress: { default: NetworkPolicyTrafficDefault.DENY },
      egress: { default: NetworkPolicyTrafficDefault.ALLOW },
    });
    this.serviceAccount = render(account, {});
    this.role = render(role, {});
    this.roleBinding = render(roleBinding, {});
    this.networkPolicy = render(networkPolicy, {});
    if (clusterIssuers === undefined) return;

    const clusterMetadata = metadataProps(ownedMetadata(identity, clusterRoleName(identity.namespace, identity.kafka)));
    const clusterRole = new ClusterRole(this, 'ClusterRole', { metadata: clusterMetadata });
    const clusterRoleBinding = new ClusterRoleBinding(this, 'ClusterRoleBinding', {
      metadata: clusterMetadata,
      role: clusterRole as IClusterRole,
    });
    clusterRoleBinding.addSubjects(account);
    this.clusterRole = render(clusterRole, {
      complete: (manifest) => ({ ...manifest, rules: clusterIssuerRules(clusterIssuers()) }),
    });
    this.clusterRoleBinding = render(clusterRoleBinding, {});
    // cdk8s writes the namespace of the chart into objects that have none.
    for (const object of [this.clusterRole, this.clusterRoleBinding]) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  }
}

/** A rule without names would apply to all ClusterIssuers. */
function clusterIssuerRules(resourceNames: readonly string[]): readonly object[] {
  const { apiVersion, plural } = KINDS.ClusterIssuer;
  return resourceNames.length === 0 ? [] : [{ apiGroups: [groupOf(apiVersion)], resources: [plural], resourceNames, verbs: ['get'] }];
}
