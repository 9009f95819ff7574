/** What a process asks of a server of the test's is asked again, in the name of the ServiceAccount, watches too. */
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';
import type { Send } from '#reconciler/sandbox/client';

/** Passes a request on, without whose it was. */
export async function passedOn(send: Send, { headers, ...request }: ApiRequest): Promise<ApiResponse> {
  const answer = await send({ ...request, headers: only(headers, ['accept', 'content-type']) });
  return { status: answer.status, headers: only(answer.headers, ['content-type', 'retry-after']), body: answer.body };
}

function only(headers: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}
