// The fixed time and data of the component page: its pictures are compared from day to day.
import type { Timeline } from '../../api/types';

/** 2 November 2026, 12:00 UTC, microseconds. */
export const AT = Date.UTC(2026, 10, 2, 12) * 1000;
const MIN = 60e6;

const STATES = ['sealed', 'sealed', 'frozen', 'opened', 'held', 'expired', 'sealed'] as const;
/** A lane in which every state of a span stands, and a gap. */
export const lane: Timeline = {
  spans: [
    ...STATES.map((state, i) => ({ span: i, begin: AT + i * MIN, end: AT + (i + 1) * MIN, state })),
    { span: 8, begin: AT + 9 * MIN, end: AT + 10 * MIN, state: 'recording' as const },
  ],
  gaps: [{ begin: AT + 7 * MIN, end: AT + 9 * MIN, reason: 'unreachable' }],
};
export const WINDOW = { begin: AT, end: AT + 10 * MIN, from: AT + 2 * MIN, to: AT + 5 * MIN };

export interface Row {
  camera: string;
  place: string;
  minutes: number;
}
export const rows: Row[] = [
  { camera: 'Kaivokatu at Keskuskatu', place: 'Kaivokatu 6', minutes: 4_320 },
  { camera: 'Rautatientori', place: 'Rautatientori 1', minutes: 120 },
  {
    camera: 'Aleksanterinkatu, the long way from the square to the harbour',
    place: '–',
    minutes: 0,
  },
];
