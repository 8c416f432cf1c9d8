// The city's data plane as its own NGSI-LD API offers it (docs/guide/data-plane.md). No call here
// that any other client could not make.
import { Problem, send as call } from './call';

export const LD = '/ngsi-ld/v1';
/** The most that one page of an answer holds. */
export const PAGE_MOST = 1000;

export type Json = Record<string, unknown>;
export interface TypeListed {
  id: string;
  typeName: string;
  attributeNames: string[];
}
export interface TypeInfo {
  typeName: string;
  entityCount: number;
  attributeDetails: { attributeName: string; attributeTypes: string[] }[];
}
export interface Page {
  entities: Json[];
  count: number;
}

/** The data plane names its problems as ETSI does (GS CIM 009, table 6.3.2-1): the pages' own words
 *  for them. */
const ETSI: Record<string, string> = {
  AlreadyExists: 'conflict',
  BadRequestData: 'invalid',
  InvalidRequest: 'invalid',
  OperationNotSupported: 'invalid',
  TooComplexQuery: 'invalid',
  TooManyResults: 'invalid',
  ResourceNotFound: 'not-found',
  InternalError: 'broken',
};
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await call(path, init);
  } catch (e) {
    const kind = e instanceof Problem ? ETSI[e.kind.split('/').at(-1) ?? ''] : undefined;
    if (!(e instanceof Problem) || !kind) throw e;
    throw new Problem(e.status, '', e.message, e.hint, kind);
  }
}

const JSON_ONLY = { accept: 'application/json' };

export async function read<T>(
  path: string,
  query?: URLSearchParams,
  signal?: AbortSignal,
): Promise<T> {
  const text = query?.toString();
  const init = { headers: JSON_ONLY, ...(signal && { signal }) };
  return (await (await send(`${LD}${path}${text ? `?${text}` : ''}`, init)).json()) as T;
}
export const types = (signal?: AbortSignal): Promise<TypeListed[]> =>
  read('/types', new URLSearchParams({ details: 'true' }), signal);
export const typeInfo = (name: string, signal?: AbortSignal): Promise<TypeInfo> =>
  read(`/types/${encodeURIComponent(name)}`, undefined, signal);

/** A page of what a query finds, and of how many it is a page. */
export async function entities(query: URLSearchParams, signal?: AbortSignal): Promise<Page> {
  const q = new URLSearchParams(query);
  q.set('count', 'true');
  const init = { headers: JSON_ONLY, ...(signal && { signal }) };
  const answer = await send(`${LD}/entities?${q.toString()}`, init);
  const list = (await answer.json()) as Json[];
  return {
    entities: list,
    count: Number(answer.headers.get('ngsild-results-count') ?? list.length),
  };
}
export const entity = (id: string, signal?: AbortSignal): Promise<Json> =>
  read(`/entities/${encodeURIComponent(id)}`, new URLSearchParams({ sysAttrs: 'true' }), signal);

/** How an entity evolved, and whether that is all that was asked for. */
export async function history(
  id: string,
  query: URLSearchParams,
  signal?: AbortSignal,
): Promise<{ entity: Json; whole: boolean }> {
  const path = `${LD}/temporal/entities/${encodeURIComponent(id)}?${query.toString()}`;
  const answer = await send(path, { headers: JSON_ONLY, ...(signal && { signal }) });
  return { entity: (await answer.json()) as Json, whole: answer.status !== 206 };
}

const ofOne = (id: string) => `${LD}/subscriptions/${encodeURIComponent(id)}`;
const write = async (method: string, path: string, body?: unknown): Promise<Response> =>
  send(path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
export const subscriptions = async (offset: number, signal?: AbortSignal): Promise<Page> => {
  const query = new URLSearchParams({ limit: '100', offset: `${offset}`, count: 'true' });
  const init = { headers: JSON_ONLY, ...(signal && { signal }) };
  const answer = await send(`${LD}/subscriptions?${query.toString()}`, init);
  const list = (await answer.json()) as Json[];
  return {
    entities: list,
    count: Number(answer.headers.get('ngsild-results-count') ?? list.length),
  };
};
export const subscription = (id: string, signal?: AbortSignal): Promise<Json> =>
  read(`/subscriptions/${encodeURIComponent(id)}`, undefined, signal);
export const subscribe = (body: Json): Promise<Response> =>
  write('POST', `${LD}/subscriptions`, body);
export const resubscribe = (id: string, body: Json): Promise<Response> =>
  write('PATCH', ofOne(id), body);
export const unsubscribe = (id: string): Promise<Response> => write('DELETE', ofOne(id));
