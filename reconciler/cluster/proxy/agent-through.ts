import type { Agent } from 'node:http';
import type { ProxyTls } from './agent';
import type { ProxyServer } from './environment';

/** Returns an agent whose connections lead through a proxy. Few need one, so it is loaded only then. */
export async function agentThrough(proxy: ProxyServer, target: URL, proxyTls: ProxyTls): Promise<Agent> {
  const { proxyAgent } = await import('./agent.js');
  return proxyAgent(proxy, target.protocol === 'https:', proxyTls);
}
