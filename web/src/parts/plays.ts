// Whether a browser shows a camera's footage once it is opened. Never asks a browser: the recorded
// codec decides, and what is not known yet is said to be unknown.

/** Here; here by its H.264 sub-stream; only from an export; or nothing has been recorded yet. */
export type Plays = 'here' | 'sub' | 'export' | 'unknown';

/** From the codec of the main stream, and whether an H.264 sub-stream is sealed beside it. */
export function plays(codec: string | null, subStream: boolean): Plays {
  if (codec === null) return 'unknown';
  if (!/265|hevc/i.test(codec)) return 'here';
  return subStream ? 'sub' : 'export';
}
