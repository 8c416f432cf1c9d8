import { get, V1 } from '../../api/call';
import type {
  AccessRequest,
  CameraSpans,
  RequestState,
  RequestText,
  Timeline,
} from '../../api/types';
import { say } from '../../words/index.svelte';

/** States after which nothing can be played any more. */
export const ENDED: ReadonlySet<RequestState> = new Set(['refused', 'withdrawn', 'expired']);
export const OPEN: ReadonlySet<RequestState> = new Set(['open', 'exported']);
export const STEPS = ['asked', 'approved', 'released', 'open', 'exported'] as const;
export const LIVE_STEPS = ['asked', 'approved', 'watched'] as const;

/** A live view names no stored span: it is watched as it happens, without custodians. */
export const isLive = (r: AccessRequest): boolean => r.case.purpose === 'incident_live';
/** Whether somebody has looked: the first look at a live view is in the log before its picture. */
export const watched = (r: AccessRequest): boolean =>
  r.log_entries.some((e) => e.kind === 'live_view');
/** Longest live view, microseconds from the approval. */
export const LIVE_US = 15 * 60e6;

/** What a second person wrote with their yes or no. */
export function noteOf(statement: string): string {
  try {
    return (JSON.parse(statement) as { note?: string }).note ?? '';
  } catch {
    return '';
  }
}

/** The request's own text, read for showing. */
export function readRequest(r: AccessRequest): RequestText | null {
  try {
    return JSON.parse(r.request) as RequestText;
  } catch {
    return null;
  }
}

/** Which spans of a camera, in words; a live view names none. */
export function spanWords(c: CameraSpans): string {
  const word = c.first === 0 ? 'desk.liveSpan' : c.first === c.last ? 'desk.span' : 'desk.spans';
  return say(word, { first: String(c.first), last: String(c.last) });
}

/** From when to when the request's whole spans reach; null where the timelines do not tell. */
export async function wholeSpans(t: RequestText): Promise<{ begin: number; end: number } | null> {
  const ends = await Promise.all(
    t.camera_spans.map(async (c) => {
      const path = `${V1}/cameras/${c.camera}/timeline?from=${t.from}&to=${t.to}`;
      const { spans } = await get<Timeline>(path);
      const [first, last] = [c.first, c.last].map((n) => spans.find((s) => s.span === n));
      return first && last ? { begin: first.begin, end: last.end } : null;
    }),
  );
  const known = ends.filter((e) => e !== null);
  if (!known.length || known.length < ends.length) return null;
  return {
    begin: Math.min(...known.map((e) => e.begin)),
    end: Math.max(...known.map((e) => e.end)),
  };
}

const ASKED_US = 120e6;
/** The newest two minutes that every chosen camera has in closed spans, in whole seconds; while
 * that is not known, the two minutes before the last one. */
export function suggest(
  lines: (Timeline | undefined)[],
  end: number,
): { from: number; to: number } {
  const unknown = { from: end - 180e6, to: end - 60e6 };
  const closed = lines.map((l) =>
    (l?.spans ?? []).filter((s) => s.state !== 'recording' && s.state !== 'expired'),
  );
  if (!closed.length || closed.some((spans) => !spans.length)) return unknown;
  const newest = Math.min(...closed.map((spans) => Math.max(...spans.map((s) => s.end))));
  const oldest = Math.max(...closed.map((spans) => Math.min(...spans.map((s) => s.begin))));
  const to = Math.floor(newest / 1e6) * 1e6;
  const from = Math.max(to - ASKED_US, Math.ceil(oldest / 1e6) * 1e6);
  return from < to ? { from, to } : unknown;
}
