// How pages speak to the server: JSON in and out, RFC 9457 problems as one error type.

export class Problem extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  /** The last part of the problem's type: `conflict`, `not-found`, …; empty when it was no problem+json. */
  readonly kind: string;
  constructor(status: number, title: string, detail: string, hint?: string, kind = '') {
    super(detail || title);
    this.name = 'Problem';
    this.status = status;
    this.hint = hint;
    this.kind = kind;
  }
}

/** The server could not be reached at all (status 0). */
export const isGone = (e: unknown): boolean => e instanceof Problem && e.status === 0;

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let res: Response;
  try {
    res = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new Problem(0, 'unreachable', '');
  }
  if (res.ok) return res;
  const text = await res.text().catch(() => '');
  let p: { type?: string; title?: string; detail?: string; hint?: string } = {};
  try {
    p = JSON.parse(text) as typeof p;
  } catch {
    // Not problem+json (a proxy's page): the status line is all there is to say.
  }
  if (res.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  throw new Problem(res.status, p.title ?? res.statusText, p.detail ?? '', p.hint, p.type?.split(':').at(-1));
}

/** Sent to the window when the server knows no session: it ran out, or somebody signed out elsewhere. */
export const SIGNED_OUT = 'loggia-signed-out';

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const res = await send(path, { headers: { accept: 'application/json' }, ...(signal && { signal }) });
  return (await res.json()) as T;
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  return unsafeCall<T>('POST', path, body);
}

export async function put(path: string, body: unknown): Promise<void> {
  await unsafeCall('PUT', path, body);
}

export async function remove<T = void>(path: string): Promise<T> {
  return unsafeCall<T>('DELETE', path, undefined);
}

async function unsafeCall<T>(method: string, path: string, body: unknown): Promise<T> {
  const res = await send(path, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await res.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export async function getBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await send(path)).arrayBuffer());
}
export async function getText(path: string): Promise<string> {
  return (await send(path)).text();
}

export const V1 = '/api/v1';
