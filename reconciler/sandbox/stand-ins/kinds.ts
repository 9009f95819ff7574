/**
 * The objects that the stand-ins read and write, with the fields that matter to them. KubeDB, cert-manager and Kubernetes define many more,
 * which pass through unseen. These views are the sandbox's own: an error in the reconciler's views must not be repeated by its judge.
 */
import { KINDS as ALL_KINDS, type Condition, type Kind, type KubeObject } from '#model/kube-object';
import type { TlsConfig } from '#model/tls';
import type { CertificateContent } from './pki/content';

/** A kind together with the view of its objects. */
export interface KindOf<T extends KubeObject> extends Kind {
  readonly view?: T;
}

/** The fields that every status has. */
export interface Status {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
}

type Texts = Readonly<Record<string, string>>;

export interface Secret extends KubeObject {
  readonly type?: string;
  /** In base64. */
  readonly data?: Texts;
}

export interface Volume {
  readonly name: string;
  readonly secret?: {
    readonly secretName: string;
    readonly optional?: boolean;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly emptyDir?: object;
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}

export interface ContainerStatus {
  readonly state: { readonly running?: object; readonly waiting?: object };
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: Status & {
    readonly phase?: string;
    readonly startTime?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec: PodSpec;
}

export interface PetSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName: string;
    readonly template: PodTemplate;
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
  readonly status?: Status & { readonly readyReplicas?: number; readonly currentRevision?: string; readonly updateRevision?: string };
}

export interface Budget extends KubeObject {
  readonly spec: {
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly selector?: { readonly matchLabels?: Texts };
  };
  readonly status?: Status & { readonly disruptedPods?: Texts };
}

/** cert-manager's reference to an issuer. cert-manager does not store the defaults of kind and group. */
export interface IssuerRef {
  readonly name: string;
  readonly kind?: string;
  readonly group?: string;
}

export interface Issuer extends KubeObject {
  readonly spec: {
    readonly selfSigned?: object;
    readonly ca?: { readonly secretName: string };
    readonly acme?: object;
    readonly vault?: { readonly server: string; readonly path: string };
  };
  readonly status?: Status;
}

export interface Certificate extends KubeObject {
  readonly spec: CertificateContent & {
    readonly secretName: string;
    readonly secretTemplate?: { readonly labels?: Texts; readonly annotations?: Texts };
    readonly issuerRef: IssuerRef;
    readonly duration?: string;
    readonly renewBefore?: string;
    readonly renewBeforePercentage?: number;
    readonly renewal?: { readonly policy?: string };
    readonly revisionHistoryLimit?: number;
    readonly additionalOutputFormats?: readonly { readonly type: string }[];
    readonly privateKey?: {
      readonly algorithm?: 'RSA' | 'ECDSA' | 'Ed25519';
      readonly size?: number;
      readonly encoding?: 'PKCS1' | 'PKCS8';
      readonly rotationPolicy?: 'Never' | 'Always';
    };
    readonly keystores?: {
      readonly jks?: {
        readonly create?: boolean;
        readonly alias?: string;
        readonly password?: string;
        readonly passwordSecretRef?: { readonly name: string; readonly key?: string };
      };
    };
  };
  readonly status?: Status & {
    readonly revision?: number;
    readonly lastFailureTime?: string;
    readonly failedIssuanceAttempts?: number;
  };
}

export interface CertificateRequest extends KubeObject {
  readonly spec: { readonly request: string; readonly issuerRef: IssuerRef; readonly duration?: string };
  readonly status?: Status & { readonly certificate?: string; readonly ca?: string; readonly failureTime?: string };
}

/** `spec.tls` of a Kafka. */
export type Tls = Pick<TlsConfig, 'issuerRef'> & Partial<TlsConfig>;

interface KafkaRole {
  readonly replicas?: number;
  readonly storage?: object;
  readonly podTemplate?: { readonly spec?: Partial<PodSpec> };
}

export interface Kafka extends KubeObject {
  readonly spec: KafkaRole & {
    readonly version: string;
    readonly topology?: Readonly<Record<'controller' | 'broker', KafkaRole & { readonly suffix?: string }>>;
    readonly storageType?: string;
    readonly halted?: boolean;
    readonly enableSSL?: boolean;
    readonly tls?: Tls;
    readonly disableSecurity?: boolean;
    readonly authSecret?: { readonly name?: string };
    readonly keystoreCredSecret?: { readonly name?: string };
    readonly cruiseControl?: object;
  };
  readonly status?: Status & { readonly phase?: string };
}

export interface KafkaVersion extends KubeObject {
  readonly spec: { readonly db: { readonly image: string }; readonly initContainer?: { readonly image: string } };
}

export interface OpsRequest extends KubeObject {
  readonly spec: {
    readonly type: string;
    readonly databaseRef: { readonly name: string };
    readonly tls?: Partial<Tls> & { readonly rotateCertificates?: boolean; readonly remove?: boolean };
    readonly apply?: string;
    readonly timeout?: string;
  };
  readonly status?: Status & { readonly phase?: string };
}

function viewed<T extends KubeObject>(kind: Kind): KindOf<T> {
  return kind;
}

const FOLLOWED_KINDS = {
  Secret: viewed<Secret>(ALL_KINDS.Secret),
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
