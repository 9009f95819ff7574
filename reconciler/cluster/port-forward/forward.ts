/**
 * Listeners of pods through the API server: what "kubectl port-forward" does, for one connection at a time. From outside of the cluster it is
 * the only way to a pod that needs nothing but the kubeconfig.
 *
 *     our socket ── entrance.ts ── web-socket.ts ── API server ── kubelet ── localhost in the pod
 *
 * It shows what a pod serves, and not whether the network of the cluster leads to it. TLS is inside: API server and
 * kubelet pass on what they cannot read.
 *
 * Why not PortForward of @kubernetes/client-node: `test/cluster/port-forward.test.ts`.
 */
import { PORTS } from '#model/kubedb';
import { type AddressOf, NotForwarded } from '../address';
import type { HttpTransport } from '../http';
import { networkReason } from '../network-error';
import { openEntrance } from './entrance';
import { join, openWebSocket, Refused } from './web-socket';

/** The API server looks for `get` at a WebSocket, and from Kubernetes 1.35 on also for `create`. */
const RULE = ["  - apiGroups: ['']", '    resources: [pods/portforward]', '    verbs: [get, create]'];

export interface ForwardOptions {
  readonly transport: Pick<HttpTransport, 'upgrade'>;
  /** Receives the missing permission, once for each namespace. */
  readonly stderr: (text: string) => void;
}

/** Returns addresses on this machine, from each of which the API server forwards one connection. */
export function forwardedAddress({ transport, stderr }: ForwardOptions): AddressOf {
  const reported = new Set<string>();
  const reportDenied = (namespace: string) => {
    if (reported.has(namespace)) return;
    reported.add(namespace);
    const why = `port-forward to pods of namespace ${namespace} is not allowed, so it is unknown what they serve and report`;
    stderr(
      `kafka-tls: ${why}. Add to a Role of this user:\n${RULE.join('\n')}\nor run where pods are reached directly, with --reach pod.\n`,
    );
  };
  return async ({ metadata: { namespace = '', name } }, listener, _, signal) => {
    const port = PORTS[listener];
    const shown = `${name}:${port} (port-forward)`;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/portforward`;
    const webSocket = await open(transport, path, port, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (error instanceof Refused && error.status === 403) reportDenied(namespace);
      throw new NotForwarded(`${shown}: ${reasonOf(error)}`);
    });
    let problem: string | undefined;
    const entrance = await openEntrance((peer) => {
      join(webSocket, peer, (text) => {
        problem ??= text;
      });
    });
    return {
      host: entrance.host,
      port: entrance.port,
      forwarding: {
        name: shown,
        admit: entrance.admit,
        get problem() {
          return problem;
        },
        close: () => {
          entrance.close();
          webSocket.terminate();
        },
      },
    };
  };
}

/** Opens the WebSocket; once more with new credentials if the server refuses the first ones. */
async function open(transport: ForwardOptions['transport'], path: string, port: number, signal: AbortSignal | undefined) {
  const query = { ports: String(port) };
  const request = await transport.upgrade(path, query);
  try {
    return await openWebSocket(request, signal);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401 || (await request.renewCredentials?.()) !== true) throw error;
    return openWebSocket(await transport.upgrade(path, query), signal);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Refused) {
    if (error.status === 403) return 'not allowed (pods/portforward)';
    return `the API server answers ${error.status}: ${error.message.replace(/\.$/, '')}`;
  }
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return networkReason({ code, message });
}
