/**
 * A thread for what awaits very much. node:test follows every promise of the thread that it runs in; where a whole cluster takes place in
 * memory, that is a third of the time.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Functions of a module, called in a thread of their own; arguments and results are plain values. */
export interface Thread {
  call(name: string, ...args: readonly unknown[]): Promise<unknown>;
  end(): Promise<unknown>;
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

type Reply = { readonly value: unknown } | { readonly failure: string };

/** Returns a thread that has loaded the module; it is asked for one thing at a time. */
export function threadOf(module: string): Thread {
  const worker = new Worker(__filename, { workerData: { module } });
  return {
    end: () => worker.terminate(),
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        const died = () => reject(new Error(`${name}: its thread ended`));
        worker.once('error', reject).once('exit', died);
        worker.once('message', (reply: Reply) => {
          worker.off('error', reject).off('exit', died);
          if ('failure' in reply) reject(new Error(reply.failure));
          else resolve(reply.value);
        });
        worker.postMessage({ name, args } satisfies Call);
      }),
  };
}

/** Calls one function in a thread that lives no longer than that. */
export async function inThread(module: string, name: string, ...args: readonly unknown[]): Promise<unknown> {
  const thread = threadOf(module);
  return thread.call(name, ...args).finally(() => thread.end());
}

if (!isMainThread) {
  const functions = require(workerData.module);
  parentPort?.on('message', async ({ name, args }: Call) => {
    const reply: Reply = await functions[name](...args).then(
      (value: unknown) => ({ value }),
      (error: unknown) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
    parentPort?.postMessage(reply);
  });
}
