// What is asked about a date of disclosure, and what is published. Times are microseconds
// since 1970.

export type AskWhat = 'extend' | 'withdraw' | 'erase';
/** Something asked about a date of disclosure. */
export interface DisclosureAsk {
  id: string;
  request: string;
  what: AskWhat;
  reason: string;
  ask: string;
  state: 'asked' | 'agreed' | 'done' | 'lapsed';
  asked_by: string;
  asked_at: number;
  agreed_by: string | null;
  log_index: number | null;
}
export interface AskAtDesk extends DisclosureAsk {
  names: Record<string, string>;
  checks: { name: string; ok: boolean; words: string }[];
  offered: ('extend_delay' | 'withdraw_disclosure' | 'erase_records')[];
}
/** When place and hour of a request become public. Times in microseconds. */
export interface DisclosureDate {
  request: string;
  filed_at: number;
  disclose_at: number;
  latest_at: number;
  latest_court_at: number;
  published: ('place' | 'day' | 'hour')[];
  withdrawn_at: number | null;
  erased_at: number | null;
  asks: DisclosureAsk[];
}
export interface DisclosureDetails extends DisclosureDate {
  cameras: number[];
  days: number[];
  hours: number[];
  cases_in_hour: number | null;
  small_cell_cases: number;
}
/** What the city publishes of one request, outside the log. */
export interface Disclosed {
  request: string;
  details: { what: 'place' | 'day' | 'hour'; text: string; salt: string }[];
}
export interface DisclosurePage {
  small_cell_cases: number;
  grace_s: number;
  total: number;
  disclosures: Disclosed[];
  next: string | null;
  places: { camera: number; month: string; cases: number }[];
}
