/** Who the reconciler runs as, and what it may do. ServiceAccount, Role and RoleBinding come from cdk8s-plus. */
import { ApiObject, JsonPatch, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { metadataProps } from './metadata';
import { groupOf, KINDS } from './model/kube-object';
import { type KafkaIdentity, ownedMetadata } from './model/manifests';
import { bundleName, clusterRoleName } from './model/names';
import type { Permission } from './model/permissions';

/** What may be done in the Kafka's namespace, and by whom. */
export interface Access {
  readonly serviceAccount: ApiObject;
  readonly role: ApiObject;
  readonly roleBinding: ApiObject;
}

/** Grants permissions in the Kafka's namespace to a ServiceAccount of the reconciler's own. */
export function grantAccess(scope: Construct, identity: KafkaIdentity, allowed: readonly Permission[]): Access {
  // Loaded here, since it takes longer to load than all else together, and who wants the ConfigMap only never gets here.
  const plus: typeof import('cdk8s-plus-28') = require('cdk8s-plus-28');
  const metadata = metadataProps(ownedMetadata(identity, bundleName(identity.kafka)));
  const account = new plus.ServiceAccount(scope, 'ServiceAccount', { metadata, automountToken: false });
  const role = new plus.Role(scope, 'Role', { metadata });
  for (const { group, resource, verbs, name } of allowed) {
    const what = { apiGroup: group, resourceType: resource, ...(name === undefined ? {} : { resourceName: name }) };
    role.allow([...verbs], what);
  }
  const binding = new plus.RoleBinding(scope, 'RoleBinding', { metadata, role: role as import('cdk8s-plus-28').IRole });
  binding.addSubjects(account);
  return { serviceAccount: ApiObject.of(account), role: ApiObject.of(role), roleBinding: ApiObject.of(binding) };
}

/** Lets it look at ClusterIssuers, which are in no namespace: only at those that TLS refers to, as it is at synth. */
export function grantClusterIssuers(
  scope: Construct,
  identity: KafkaIdentity,
  issuers: () => readonly string[],
): Omit<Access, 'serviceAccount'> {
  const { apiVersion, plural } = KINDS.ClusterIssuer;
  const name = clusterRoleName(identity.namespace, identity.kafka);
  const metadata = metadataProps(ownedMetadata(identity, name));
  const role = new ApiObject(scope, 'ClusterRole', {
    apiVersion: KINDS.ClusterRole.apiVersion,
    kind: KINDS.ClusterRole.kind,
    metadata,
    rules: Lazy.any({
      produce: () => {
        const resourceNames = issuers();
        // A rule that names none is about all of them.
        return resourceNames.length === 0 ? [] : [{ apiGroups: [groupOf(apiVersion)], resources: [plural], resourceNames, verbs: ['get'] }];
      },
    }),
  });
  const roleBinding = new ApiObject(scope, 'ClusterRoleBinding', {
    apiVersion: KINDS.ClusterRoleBinding.apiVersion,
    kind: KINDS.ClusterRoleBinding.kind,
    metadata,
    roleRef: { apiGroup: groupOf(KINDS.ClusterRole.apiVersion), kind: KINDS.ClusterRole.kind, name },
    subjects: [{ kind: KINDS.ServiceAccount.kind, name: bundleName(identity.kafka), namespace: identity.namespace }],
  });
  for (const object of [role, roleBinding]) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  return { role, roleBinding };
}
