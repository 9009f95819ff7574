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

/**
 * Returns what a server's certificate is checked against, as Go does: any certificate of the authority ends a chain, not only a root, and
 * without an authority those of the machine are trusted, or of SSL_CERT_FILE; those that Node brings along, too.
 */
export function trustOptions(authority: string | Buffer | undefined): RequestOptions & { readonly allowPartialTrustChain: true } {
  return { ca: authority ?? machineAuthorities(), allowPartialTrustChain: true };
}

function machineAuthorities(): string[] {
  return [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
}

/** Returns which certificates an HTTPS proxy may show: those that the server may show, and those of the public authorities. */
export function proxyTls(cluster: ClusterEntry): Pick<RequestOptions, 'ca' | 'rejectUnauthorized'> {
  const authority = authorityOf(cluster['certificate-authority'], cluster['certificate-authority-data']);
  const own = authority === undefined ? [] : [authority.toString()];
  return {
    ...trustOptions(undefined),
    ca: [...machineAuthorities(), ...own],
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

/** Returns what is wrong with the certificate authority of a cluster: kubectl does not go on without one that it can use. */
export function authorityViolations(cluster: ClusterEntry): readonly string[] {
  const { 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  try {
    return authorityOf(file, data)?.includes('-----BEGIN CERTIFICATE-----') === false
      ? [`${data === undefined ? `certificate-authority ${file}` : 'certificate-authority-data'}: holds no certificate in PEM form`]
      : [];
  } catch {
    return []; // a file that cannot be read is named elsewhere
  }
}

/** Returns the certificate authority that a file or base64 text holds; the text wins. */
export function authorityOf(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64');
  return file === undefined ? undefined : readFileSync(file);
}
