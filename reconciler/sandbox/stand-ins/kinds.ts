/**
 * The objects that the stand-ins read and write: with the fields of the API's schemas, or the fields that matter here. These views are the sandbox's own: an error in the reconciler's views must not be repeated by its judge.
 */
import { KINDS as ALL_KINDS, type Condition, type Kind, type KubeObject } from '#model/kube-object';
import type { View } from '../api/schema';
import type { certificateRequestSchema, certificateSchema, issuerSchema } from '../api/schemas/cert-manager';
import type { kafkaOpsRequestSchema, kafkaSchema, kafkaVersionSchema } from '../api/schemas/kubedb';
import type { podDisruptionBudgetSchema } from '../api/schemas/workloads';

/** A kind together with the view of its objects. */
export interface KindOf<T extends KubeObject> extends Kind {
  readonly view?: T;
}

/** The fields that every status has. */
export interface Status {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
}

type Viewed<S> = KubeObject & View<S>;
type Texts = Readonly<Record<string, string>>;

export interface Secret extends KubeObject {
  readonly type?: string;
  /** In base64. */
  readonly data?: Texts;
}

/** What a volume shows of a Secret or ConfigMap. */
interface Shown {
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly defaultMode?: number;
}

export interface Volume {
  readonly name: string;
  readonly secret?: Shown & { readonly secretName: string };
  readonly configMap?: Shown & { readonly name: string };
  readonly emptyDir?: object;
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly EnvironmentVariable[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: Status & {
    readonly phase?: string;
    readonly startTime?: string;
    readonly containerStatuses?: readonly { readonly state: { readonly running?: object; readonly waiting?: object } }[];
  };
}

export interface PetSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName: string;
    readonly template: { readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts }; readonly spec: PodSpec };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
  readonly status?: Status & { readonly readyReplicas?: number; readonly updateRevision?: string };
}

export type Budget = Viewed<typeof podDisruptionBudgetSchema>;
export type Certificate = Viewed<typeof certificateSchema>;
export type CertificateRequest = Viewed<typeof certificateRequestSchema>;
export type Issuer = Viewed<typeof issuerSchema>;
export type IssuerRef = Certificate['spec']['issuerRef'];
export type Kafka = Viewed<typeof kafkaSchema>;
export type KafkaVersion = Viewed<typeof kafkaVersionSchema>;
export type OpsRequest = Viewed<typeof kafkaOpsRequestSchema>;

type AnyTls = NonNullable<Kafka['spec']['tls']>;
/** `spec.tls` of a Kafka with an issuer. */
export type Tls = AnyTls & Required<Pick<AnyTls, 'issuerRef'>>;
export type TlsCertificate = NonNullable<Tls['certificates']>[number];

function viewed<T extends KubeObject>(kind: Kind): KindOf<T> {
  return kind;
}

const FOLLOWED_KINDS = {
  Secret: viewed<Secret>(ALL_KINDS.Secret),
  ConfigMap: viewed<KubeObject>(ALL_KINDS.ConfigMap),
  Service: viewed<KubeObject>(ALL_KINDS.Service),
  Pod: viewed<Pod>(ALL_KINDS.Pod),
  PodDisruptionBudget: viewed<Budget>(ALL_KINDS.PodDisruptionBudget),
  PetSet: viewed<PetSet>(ALL_KINDS.PetSet),
  Kafka: viewed<Kafka>(ALL_KINDS.Kafka),
  KafkaVersion: viewed<KafkaVersion>(ALL_KINDS.KafkaVersion),
  KafkaOpsRequest: viewed<OpsRequest>(ALL_KINDS.KafkaOpsRequest),
  Issuer: viewed<Issuer>(ALL_KINDS.Issuer),
  ClusterIssuer: viewed<Issuer>(ALL_KINDS.ClusterIssuer),
  Certificate: viewed<Certificate>(ALL_KINDS.Certificate),
  CertificateRequest: viewed<CertificateRequest>(ALL_KINDS.CertificateRequest),
};

export const KINDS = { ...ALL_KINDS, ...FOLLOWED_KINDS };

/** The kinds that the stand-ins follow. */
export const FOLLOWED: readonly Kind[] = Object.values(FOLLOWED_KINDS);
