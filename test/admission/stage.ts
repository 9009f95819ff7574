/**
 * Asks one server all questions: creates two namespaces and the objects of the questions, and returns the answers in one form.
 *
 * KubeDB's operators must not run there: they would carry out the requests.
 */
import { KINDS, type KubeObject, kindOf } from '#model/kube-object';
import { type Client, type Answer as HttpAnswer, type Json, MERGE } from '../sandbox/contract/client';
import { COMPLETED, ENDINGS, GONE, KEPT, ORDERS, ORPHAN, PENDING, QUESTIONS, type Question } from './questions';

export interface Answer {
  readonly status: number;
  /** The refusing part of the server; absent for an accepted write. */
  readonly by?: 'API server' | 'webhook';
  readonly fields?: readonly string[];
  readonly message?: string;
}

/** All answers of a server. */
export interface Answers {
  readonly verdicts: Readonly<Record<string, Answer>>;
  /** Specs of Kafkas as they would be stored. */
  readonly completed: Readonly<Record<string, Json>>;
  /** Conditions of a paused Kafka after the phases of its request. */
  readonly endings: Readonly<Record<string, readonly string[]>>;
}

/** Asks a server all questions, and deletes the objects that were created for them. */
export async function ask({ send }: Client): Promise<Answers> {
  const namespaces = [await newNamespace(send), await newNamespace(send)] as const;
  const [stage, empty] = namespaces;
  const create = (object: KubeObject) => succeed(send('POST', pathOf(object, stage), placed(object, stage)), object);
  try {
    for (const object of [ORDERS, KEPT, GONE, PENDING, ORPHAN]) await create(object);
    await send('DELETE', pathOf(GONE, stage, GONE.metadata.name));

    const verdicts: Record<string, Answer> = {};
    for (const question of QUESTIONS) verdicts[question.name] = answerOf(await put(send, question, stage, empty), namespaces);
    const completed: Record<string, Json> = {};
    for (const { name, create: object } of COMPLETED) {
      const { spec } = await succeed(send('POST', `${pathOf(object, empty)}?dryRun=All`, placed(object, empty)), object);
      completed[name] = withoutClusterId(spec);
    }
    const endings: Record<string, readonly string[]> = {};
    for (const [i, { name, phases }] of ENDINGS.entries()) {
      const request: KubeObject = { ...PENDING, metadata: { name: `ending-${i}` } };
      await create(request);
      endings[name] = await conditionsAfter(send, stage, request, phases);
    }
    return { verdicts, completed, endings };
  } finally {
    await send('PATCH', pathOf(KEPT, stage, KEPT.metadata.name), { spec: { deletionPolicy: 'Delete' } }, MERGE);
    for (const namespace of namespaces) await send('DELETE', `/api/v1/namespaces/${namespace}`);
  }
}

type Send = Client['send'];

async function newNamespace(send: Send): Promise<string> {
  const object = { ...KINDS.Namespace, metadata: { generateName: 'kafka-tls-admission-' } };
  return (await succeed(send('POST', '/api/v1/namespaces', object), { ...object, metadata: { name: 'new' } })).metadata.name;
}

/** A Kafka is created in an empty namespace, so that its name is free. Every other question is about the objects in the other namespace. */
function put(send: Send, question: Question, stage: string, empty: string): Promise<HttpAnswer> {
  if ('create' in question) {
    const namespace = question.create.kind === KINDS.Kafka.kind ? empty : stage;
    return send('POST', `${pathOf(question.create, namespace)}?dryRun=All`, placed(question.create, namespace));
  }
  if ('remove' in question) return send('DELETE', `${pathOf(question.remove.kind, stage, question.remove.name)}?dryRun=All`);
  const subresource = question.subresource === undefined ? '' : `/${question.subresource}`;
  return send('PATCH', `${pathOf(question.patch.kind, stage, question.patch.name)}${subresource}?dryRun=All`, question.body, MERGE);
}

async function conditionsAfter(send: Send, stage: string, request: KubeObject, phases: readonly string[]): Promise<readonly string[]> {
  const kafka = pathOf(ORDERS, stage, ORDERS.metadata.name);
  const conditions = ['Ready', 'Paused'].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-11-23T09:00:00Z' }));
  for (const phase of phases) {
    await succeed(send('PATCH', `${kafka}/status`, { status: { conditions } }, MERGE), ORDERS);
    await succeed(send('PATCH', `${pathOf(request, stage, request.metadata.name)}/status`, { status: { phase } }, MERGE), request);
  }
  const { status } = await succeed(send('GET', kafka), ORDERS);
  return status.conditions.map((c: Json) => c.type);
}

async function succeed(sent: Promise<HttpAnswer>, { kind, metadata }: KubeObject): Promise<Json> {
  const { status, body } = await sent;
  if (status >= 300) throw new Error(`${kind}/${metadata.name}: not created for the questions: ${body.message ?? body}`);
  return body;
}

function pathOf(of: Pick<KubeObject, 'apiVersion' | 'kind'>, namespace: string, name?: string): string {
  const path = `/apis/${of.apiVersion}/namespaces/${namespace}/${kindOf(of)?.plural}`;
  return name === undefined ? path : `${path}/${name}`;
}

function placed(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Namespaces have different names in each run, and some refusals print the whole change. */
function answerOf({ status, body }: HttpAnswer, namespaces: readonly string[]): Answer {
  if (status < 300) return { status };
  const said = namespaces.reduce((text, namespace) => text.replaceAll(namespace, 'demo'), String(body.message ?? body));
  const message = said.replace(/(precondition failed) for: .*/s, '$1');
  const fields: readonly string[] = (body.details?.causes ?? []).flatMap((c: Json) => c.field ?? []);
  return { status, by: message.startsWith('admission webhook ') ? 'webhook' : 'API server', fields: [...new Set(fields)].sort(), message };
}

/** The cluster id is different in each run. */
function withoutClusterId(spec: Json): Json {
  return JSON.parse(JSON.stringify(spec).replace(/"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11}w"/g, '"(a cluster id)"'));
}
