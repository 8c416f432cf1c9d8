// What can be read from the log in one go, and how a page asks for it: in a worker of its own.
// Every bundle is checked against the head before a word of it is used.
import { Problem } from '../api/call';
import { Calendar, type Told } from './delays';
import { fetchTile, type Head } from './head';
import { place } from './order';
import { count, lines, scan, sizeAt, type Counted, type Line, type Query, type Step } from './scan';
import { LogWrong, Trunk } from './trunk';
import { Unexplained, type Found } from './unexplained';

type What =
  | { what: 'rows'; query: Query; before: number }
  | { what: 'sizes'; times: number[] }
  | { what: 'count'; from: number; to: number }
  | { what: 'lines'; from: number; to: number }
  | { what: 'unexplained'; now: number; since: number; floor: number }
  | { what: 'delays' };
export type Job = What & { size: number; root: Uint8Array<ArrayBuffer> };

export interface Looking {
  read: number;
  found: Found | null;
}
/** `opened` when all of the log was read. */
export interface Dated {
  read: number;
  opened: Told[] | null;
}
interface Steps {
  rows: Step;
  sizes: number[];
  count: Counted;
  lines: Line[];
  unexplained: Looking;
  delays: Dated;
}

async function* unexplained(t: Trunk, all: Unexplained): AsyncGenerator<Looking> {
  let read = 0;
  for (let n = t.bundles - 1; n >= 0; n -= 1) {
    const some = place(await t.bundle(n)).toReversed();
    some.forEach((p) => all.take(p));
    read += some.length;
    if (all.done()) {
      yield { read, found: all.end(n === 0) };
      return;
    }
    yield { read, found: null };
  }
  yield { read, found: all.end(true) };
}

/** In the log's order: a date stands before its request. */
async function* delays(t: Trunk): AsyncGenerator<Dated> {
  const calendar = new Calendar();
  let read = 0;
  for (let n = 0; n < t.bundles; n += 1) {
    const some = place(await t.bundle(n));
    some.forEach((p) => calendar.take(p));
    read += some.length;
    yield { read, opened: null };
  }
  yield { read, opened: calendar.opened() };
}

async function* sizes(t: Trunk, times: number[]): AsyncGenerator<number[]> {
  yield await Promise.all(times.map((s) => sizeAt(t, s)));
}

export async function start(job: Job): Promise<AsyncIterator<unknown>> {
  const t = await Trunk.read(job.size, job.root, fetchTile);
  if (job.what === 'rows') return scan(t, job.query, job.before);
  if (job.what === 'sizes') return sizes(t, job.times);
  if (job.what === 'count') return count(t, job.from, job.to);
  if (job.what === 'lines') return lines(t, job.from, job.to);
  if (job.what === 'delays') return delays(t);
  return unexplained(t, new Unexplained(job.now, job.since, job.floor));
}

/** What a page needs to know of an error; its class is lost on the way out of a worker. */
export interface Failed {
  message: string;
  problem?: { status: number; hint: string | undefined; kind: string };
  wrong?: { first: number; last: number };
}
export function wire(e: unknown): Failed {
  const message = e instanceof Error ? e.message : String(e);
  if (e instanceof LogWrong) return { message, wrong: { first: e.first, last: e.last } };
  if (!(e instanceof Problem)) return { message };
  return { message, problem: { status: e.status, hint: e.hint, kind: e.kind } };
}
function unwire({ message, problem: p, wrong }: Failed): Error {
  if (wrong) return new LogWrong(wrong.first, wrong.last);
  return p ? new Problem(p.status, message, message, p.hint, p.kind) : new Error(message);
}

/** Reads in a worker; ends it when the reader stops. */
export async function* read<W extends What['what']>(
  head: Pick<Head, 'checkpoint'>,
  what: Extract<What, { what: W }>,
): AsyncGenerator<Steps[W]> {
  const { size, root } = head.checkpoint;
  const worker = new Worker(new URL('./scan.worker.ts', import.meta.url), { type: 'module' });
  try {
    worker.postMessage({ ...what, size, root });
    for (;;) {
      const step = await new Promise<IteratorResult<Steps[W], undefined>>((ok, no) => {
        worker.onmessage = (m: MessageEvent) => {
          const d = m.data as { step: IteratorResult<Steps[W], undefined> } | { error: Failed };
          if ('error' in d) no(unwire(d.error));
          else ok(d.step);
        };
        worker.onerror = (e) => no(new Error(e.message));
        worker.postMessage('next');
      });
      if (step.done) return;
      yield step.value;
    }
  } finally {
    worker.terminate();
  }
}
