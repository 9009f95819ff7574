/** A cluster of a kubeconfig, as the client library, a proxy and exec plugins need to know it. */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Cluster } from '@kubernetes/client-node';
import type { ClusterEntry } from './schema';

/** Returns the cluster as the client library knows it; connections through proxies are opened without the library. */
export function clientCluster(cluster: ClusterEntry, server: URL): Cluster {
  const { 'certificate-authority': caFile, 'certificate-authority-data': caData } = cluster;
  return {
    name: 'cluster',
    server: server.href,
    // It takes plain HTTP for a mistake otherwise.
    skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || server.protocol === 'http:',
    ...(caFile === undefined ? {} : { caFile }),
    ...(caData === undefined ? {} : { caData }),
  };
}

/** Returns under which name the server's certificate is checked. Unlike in Go, an address is no name that TLS could ask for. */
export function serverNameOptions({ 'tls-server-name': name }: ClusterEntry): RequestOptions {
  if (name === undefined) return {};
  if (isIP(name) === 0) return { servername: name };
  return { servername: '', checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate) };
}

/** Returns which certificates an HTTPS proxy may show: those that the server may show, and those of the public authorities. */
export function proxyTls(cluster: ClusterEntry): Pick<RequestOptions, 'ca' | 'rejectUnauthorized'> {
  const authority = authorityOf(cluster['certificate-authority'], cluster['certificate-authority-data']);
  return {
    ...(authority === undefined ? {} : { ca: [...tls.rootCertificates, authority.toString()] }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

/** Name of the extension that is meant for exec plugins. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

/** Returns the cluster of an ExecCredential. */
export function execCluster(cluster: ClusterEntry): object {
  const { extensions = [], 'certificate-authority': _, ...rest } = cluster;
  const config = extensions.find((e) => e.name === EXEC_EXTENSION)?.extension;
  const authority = authorityOf(cluster['certificate-authority'], cluster['certificate-authority-data']);
  return {
    ...rest,
    ...(authority === undefined ? {} : { 'certificate-authority-data': authority.toString('base64') }),
    ...(config === undefined ? {} : { config }),
  };
}

/** Returns the certificate authority that a file or base64 text holds; the text wins. */
export function authorityOf(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64');
  return file === undefined ? undefined : readFileSync(file);
}
