// The JSON that the server speaks (docs: openapi/loggia.json). Times are microseconds since 1970.

export type Body = 'police' | 'oversight' | 'city';
export type Role = 'operator' | 'investigator' | 'approver' | 'custodian' | 'auditor' | 'administrator';
export interface Actor {
  person: string;
  name: string;
  body: Body;
  roles: Role[];
}
export interface SessionAnswer {
  actor: Actor | null;
  demo: boolean;
  /** Name of the identity provider at which one may sign in as well. */
  provider: string | null;
  /** Until when the break-glass account is open, for whoever is signed in with it. */
  break_glass: number | null;
}
export interface DemoPerson extends Actor {
  what_to_try: string;
}
export interface Summary {
  city: string;
  demo: boolean;
  at: number;
  cameras_declared: number;
  openings_this_month: number;
  live_views_this_month: number;
  break_glass_this_month: number;
  log_size: number;
}
export interface PublicCamera {
  id: number;
  label: string;
  place: string;
  lat: number;
  lon: number;
  heading_deg: number | null;
  purpose: string;
  legal_basis: string;
  accountable: string;
  retention_h: number;
  analysed: string[];
  openings: number | null;
  make: string;
  model: string;
  origin: string;
  codec: string | null;
  plays_in_browser: boolean | null;
}
export type HealthState = 'recording' | 'reconnecting' | 'gap' | 'never';
export interface Health {
  id: number;
  label: string;
  state: HealthState;
  since: number | null;
  bitrate_bps: number | null;
  last_key_frame: number | null;
  clock_offset_us: number | null;
  restarts: number;
  codec: string | null;
  width: number | null;
  height: number | null;
  /** Whether an H.264 sub-stream is sealed beside an H.265 main stream. */
  sub_stream: boolean;
  reason: string | null;
}
export interface Storage {
  bytes_used: number;
  bytes_free: number;
  days_left: number | null;
  sync_interval_ms: number;
  state: 'ok' | 'disk_full' | 'stopped';
  oldest: number | null;
  newest: number | null;
}
export interface LegalBasisRow {
  id: string;
  title: string;
  purposes: string[];
}
export interface RulesInForce {
  policy_hash: string;
  legal_bases: LegalBasisRow[];
  /** Seconds from filing, by purpose (`investigation_s`, …), and the limits. */
  disclosure: Record<string, number>;
}
export interface CaseRow {
  id: number;
  number: string;
  purpose: string;
  commitment: string;
  closed_at: number | null;
}
export type SpanState = 'recording' | 'sealed' | 'frozen' | 'opened' | 'held' | 'expired';
export interface Timeline {
  spans: { span: number; begin: number; end: number; state: SpanState }[];
  gaps: { begin: number; end: number; reason: string }[];
}
export interface CameraSpans {
  camera: number;
  first: number;
  last: number;
}
export interface Cover {
  camera_spans: CameraSpans[];
  begin: number;
  end: number;
  overhang_us: number;
}
export type RequestState =
  | 'asked'
  | 'approved'
  | 'released'
  | 'open'
  | 'exported'
  | 'refused'
  | 'withdrawn'
  | 'expired';
export type Witnessing = 'quorum' | 'waiting' | 'gone' | 'missing';
/** How the bodies outside the city fare that cosign the log. */
export interface Witnesses {
  quorum: Witnessing;
  log_size: number;
  cosigned_size: number | null;
  witnesses: {
    name: string;
    url: string;
    last_size: number | null;
    last_at: number | null;
    failing: string | null;
  }[];
}
export interface AccessRequest {
  id: string;
  state: RequestState;
  request: string;
  case: { id: number; number: string; purpose: string; salt: string };
  necessity: string;
  body: Body;
  requester: string;
  filed_at: number;
  deadline: number;
  open_until: number | null;
  approvals: {
    by: string;
    body: Body;
    at: number;
    act: 'approve' | 'refuse' | 'release';
    /** The exact signed JSON: its `note` is what the second person wrote. */
    statement: string;
  }[];
  released_groups: Body[];
  opening_index: number | null;
  log_entries: { index: number; kind: string }[];
  /** How far the witnesses outside the city are with what an opening rests on. */
  witnesses: Witnessing;
  /** What was asked in this case before, newest first: for those who decide. */
  before: AskedBefore[];
}
export interface AskedBefore {
  id: string;
  state: RequestState;
  filed_at: number;
  cameras: number[];
  length_us: number;
}
/** What a resident asked about footage of themselves. */
export interface ResidentAsk {
  id: number;
  state: 'waiting' | 'overdue' | 'answered';
  number: string;
  asked_at: number;
  answer_by: number;
  cameras: number[];
  from: number;
  to: number;
  answered_at: number | null;
  answered_by: string | null;
  answer: string | null;
  request: RequestState | null;
  kept_until: number | null;
  body: Body;
  name: string;
  contact: string;
  told: string;
  frozen_until: number;
  requests: { id: string; state: RequestState }[];
}
export interface ResidentComplaint {
  id: number;
  number: string;
  at: number;
  name: string;
  contact: string;
  about: string;
  camera: number | null;
  answered_at: number | null;
  answered_by: string | null;
  answer: string | null;
}
/** The exact request, parsed for reading only; hashes are always over the string. */
export interface RequestText {
  v: 1;
  camera_spans: CameraSpans[];
  from: number;
  to: number;
  purpose: string;
  legal_basis: string;
  case_commitment: string;
  one_time_key: string;
  policy_hash: string;
  requester: string;
  nonce: string;
  necessity: string;
}
export interface ReleasedShare {
  camera: number;
  span: number;
  group: number;
  enc: string;
  ct: string;
}
export interface RecordRow {
  seq: number;
  kind: 'span_open' | 'piece' | 'gap' | 'manifest';
  track: number;
  span: number | null;
  begin: number;
  end: number;
  len: number;
}
export interface Footage {
  recorder_keys: { key_id: string; public: string; entry_index: number }[];
  cameras: { camera: number; records: RecordRow[] }[];
}
export interface ExportReceipt {
  entry_index: number;
  entry: string;
  proof: string[];
  checkpoint: string;
  log_key: string;
}
export interface LogEntry {
  v: 1;
  kind: string;
  at: number;
  [field: string]: unknown;
}
export interface LogPage {
  size: number;
  entries: { index: number; entry: LogEntry }[];
}
export interface DeskPerson {
  person: string;
  name: string;
  body: Body;
  roles: Role[];
}
export interface DeskRequest extends AccessRequest {
  cameras: number[];
  names: Record<string, string>;
  labels: Record<string, string>;
  checks: { name: string; ok: boolean; words: string }[];
}
export interface Hold {
  id: string;
  hold: string;
  state: 'asked' | 'held' | 'ended';
  asked_at: number;
  spans: number;
  begin: number;
  end: number;
  log_index: number | null;
  ended_index: number | null;
  review_due: boolean;
  agreed: Body[];
  ending: Body[];
}
/** The exact hold, parsed for reading only; hashes are always over the string. */
export interface HoldText {
  v: 1;
  camera_spans: CameraSpans[];
  reason: string;
  until: number;
  review: number;
  asked_by: string;
  nonce: string;
}
export interface Watch {
  person: string;
  from: number;
  to: number;
  rank: number;
}
export interface OnDuty extends Watch {
  name: string;
  body: Body;
}
export interface AccessLine {
  id: number;
  at: number;
  person: string;
  request: string;
  act: string;
  detail: string;
}
export interface HoldAtDesk extends Hold {
  names: Record<string, string>;
  labels: Record<string, string>;
  checks: { name: string; ok: boolean; words: string }[];
}
export type AlarmKind =
  | 'store_stopped'
  | 'disk_full'
  | 'witnesses_away'
  | 'camera_down'
  | 'storage_low'
  | 'clock_disputed';
export type AlarmState = 'unacknowledged' | 'returned' | 'acknowledged' | 'shelved';
export type Priority = 'high' | 'medium' | 'low';
export interface Alarm {
  id: string;
  kind: AlarmKind;
  camera: number | null;
  priority: Priority;
  state: AlarmState;
  active: boolean;
  detail: string | null;
  raised_at: number;
  returned_at: number | null;
  acknowledged: { by: string; at: number } | null;
  shelved: { by: string; at: number; until: number; reason: string } | null;
}
export interface AlarmRate {
  at: number;
  last_10_min: number;
  last_hour: number;
  by_hour: number[];
  manageable_per_10_min: number;
}
export interface ShiftNote {
  n: number;
  at: number;
  by: string;
  text: string;
}
export interface SavedView {
  slot: number;
  name: string;
  query: string;
}
/** What the oversight body's auditor should ask about, as far as the public log does not tell. */
/** An opening of the break-glass account, as its auditor reads it. */
export interface GlassOpening {
  by: string[];
  at: number;
  until: number;
  log_index: number;
  ended: boolean;
  acts: { log_index: number; at: number; disabled: boolean; person: string; salt: string }[];
}
export interface UnexplainedInside {
  at: number;
  cases: {
    id: number;
    number: string;
    purpose: string;
    body: Body;
    opened_by: string;
    opened_at: number;
    openings: number;
    last_opening: number;
    running: boolean;
  }[];
  keys: { hour: number; keys: number; over_s: number; kept: boolean }[] | null;
}
