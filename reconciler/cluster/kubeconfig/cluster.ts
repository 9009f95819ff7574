/** A cluster of a kubeconfig in the forms that the client library, TLS, a proxy and exec plugins need. */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Cluster } from '@kubernetes/client-node';
import type { ClusterEntry } from './schema';

/** Returns the cluster for the client library, without the proxy: connections through proxies are opened without the library. */
export function clientCluster(cluster: ClusterEntry, server: URL): Cluster {
  const { 'certificate-authority': caFile, 'certificate-authority-data': caData } = cluster;
  return {
    name: 'cluster',
    server: server.href,
    // Otherwise it refuses plain HTTP.
    skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || server.protocol === 'http:',
    ...(caFile === undefined ? {} : { caFile }),
    ...(caData === undefined ? {} : { caData }),
  };
}

/** Returns the name that the server's certificate must have. Unlike Go, Node does not allow an IP address as the TLS server name. */
export function serverNameOptions({ 'tls-server-name': name }: ClusterEntry): RequestOptions {
  if (name === undefined) return {};
  if (isIP(name) === 0) return { servername: name };
  return { servername: '', checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate) };
}

/**
 * Returns the trusted certificates, as in Go: any certificate of the authority ends a chain, not only a root. Without an authority the
 * certificates of the machine (or SSL_CERT_FILE) and those of Node are trusted.
 */
export function trustOptions(authority: string | Buffer | undefined): RequestOptions & { readonly allowPartialTrustChain: true } {
  return { ca: authority ?? machineAuthorities(), allowPartialTrustChain: true };
}

function machineAuthorities(): string[] {
  return [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
}

/** Returns the trust in an HTTPS proxy: the authority of the server and the public authorities. */
export function proxyTls(cluster: ClusterEntry): Pick<RequestOptions, 'ca' | 'rejectUnauthorized'> {
  const authority = authorityOf(cluster['certificate-authority'], cluster['certificate-authority-data']);
  const own = authority === undefined ? [] : [authority.toString()];
  return {
    ...trustOptions(undefined),
    ca: [...machineAuthorities(), ...own],
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

/** Name of the extension for exec plugins. */
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

/** Returns why the certificate authority of a cluster cannot be used: kubectl refuses it. */
export function authorityViolations(cluster: ClusterEntry): readonly string[] {
  const { 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  try {
    return authorityOf(file, data)?.includes('-----BEGIN CERTIFICATE-----') === false
      ? [`${data === undefined ? `certificate-authority ${file}` : 'certificate-authority-data'}: holds no certificate in PEM form`]
      : [];
  } catch {
    return []; // an unreadable file is reported elsewhere
  }
}

/** Returns the certificate authority in a file or base64 text; the text wins. */
export function authorityOf(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64');
  return file === undefined ? undefined : readFileSync(file);
}
