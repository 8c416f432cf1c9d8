-- Times are microseconds since 1970. Hashes are 32-byte blobs. Nothing here describes how a person looks.
CREATE TABLE policy_mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Roles are not here: they stand in the roster, which takes both groups to change.
CREATE TABLE policy_account (
  person TEXT PRIMARY KEY, salt BLOB NOT NULL, hash BLOB NOT NULL,
  memory_kib INTEGER NOT NULL, passes INTEGER NOT NULL,
  made_at INTEGER NOT NULL) STRICT;
CREATE TABLE policy_disabled (
  person TEXT PRIMARY KEY, by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE policy_session (
  token_hash BLOB PRIMARY KEY, person TEXT NOT NULL, started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL) STRICT;
CREATE INDEX policy_session_person ON policy_session (person);

CREATE TABLE policy_roster (
  version INTEGER PRIMARY KEY, roster TEXT NOT NULL, signatures TEXT NOT NULL,
  log_index INTEGER NOT NULL) STRICT;

CREATE TABLE policy_case (
  id INTEGER PRIMARY KEY, number TEXT NOT NULL, purpose TEXT NOT NULL, salt BLOB NOT NULL,
  commitment BLOB NOT NULL UNIQUE, opened_by TEXT NOT NULL, body TEXT NOT NULL,
  opened_at INTEGER NOT NULL, log_index INTEGER NOT NULL) STRICT;

CREATE TABLE policy_request (
  id BLOB PRIMARY KEY, json TEXT NOT NULL, case_id INTEGER NOT NULL REFERENCES policy_case (id),
  necessity TEXT NOT NULL, requester TEXT NOT NULL, body TEXT NOT NULL, purpose TEXT NOT NULL,
  state TEXT NOT NULL, filed_at INTEGER NOT NULL, deadline INTEGER NOT NULL,
  span_salt BLOB NOT NULL, place_salt BLOB NOT NULL,
  decided_by TEXT, decided_body TEXT, decided_at INTEGER, decision_index INTEGER,
  police_custodian TEXT, oversight_custodian TEXT,
  opening_index INTEGER, open_until INTEGER, alerted INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX policy_request_state ON policy_request (state, deadline);
CREATE INDEX policy_request_requester ON policy_request (requester, filed_at);

CREATE TABLE policy_request_span (
  request BLOB NOT NULL, camera INTEGER NOT NULL, span INTEGER NOT NULL,
  begin_at INTEGER NOT NULL, end_at INTEGER NOT NULL, hour INTEGER NOT NULL,
  PRIMARY KEY (request, camera, span)) STRICT, WITHOUT ROWID;
CREATE INDEX policy_request_span_camera ON policy_request_span (camera, span);

CREATE TABLE policy_request_log (
  request BLOB NOT NULL, log_index INTEGER NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (request, log_index)) STRICT, WITHOUT ROWID;

-- Each statement counts once, for whatever it was about.
CREATE TABLE policy_statement (
  hash BLOB PRIMARY KEY, subject BLOB NOT NULL, person TEXT NOT NULL, body TEXT NOT NULL,
  act TEXT NOT NULL, at INTEGER NOT NULL, statement TEXT NOT NULL, signature TEXT NOT NULL) STRICT;
CREATE INDEX policy_statement_subject ON policy_statement (subject, at);

CREATE TABLE policy_share (
  request BLOB NOT NULL, body TEXT NOT NULL, camera INTEGER NOT NULL, span INTEGER NOT NULL,
  enc BLOB NOT NULL, ct BLOB NOT NULL,
  PRIMARY KEY (request, body, camera, span)) STRICT, WITHOUT ROWID;

-- LED (2016/680) Art. 25: each look at footage, for the oversight body.
CREATE TABLE policy_access (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, person TEXT NOT NULL, request BLOB NOT NULL,
  act TEXT NOT NULL, detail TEXT NOT NULL) STRICT;

CREATE TABLE policy_export (
  request BLOB NOT NULL, log_index INTEGER NOT NULL, at INTEGER NOT NULL, person TEXT NOT NULL,
  sha256 BLOB NOT NULL, recipient TEXT NOT NULL, exhibit TEXT NOT NULL,
  PRIMARY KEY (request, log_index)) STRICT;

CREATE TABLE policy_hold (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, json TEXT NOT NULL,
  salt BLOB NOT NULL, reason TEXT NOT NULL,
  asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL, until INTEGER NOT NULL,
  review INTEGER NOT NULL, reviewed INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
  log_index INTEGER, ended_index INTEGER) STRICT;
CREATE TABLE policy_hold_span (
  hold BLOB NOT NULL, camera INTEGER NOT NULL, span INTEGER NOT NULL, hour INTEGER NOT NULL,
  begin_at INTEGER NOT NULL, end_at INTEGER NOT NULL, body BLOB,
  PRIMARY KEY (hold, camera, span)) STRICT, WITHOUT ROWID;
CREATE INDEX policy_hold_span_camera ON policy_hold_span (camera, span);

CREATE TABLE policy_duty (
  person TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, rank INTEGER NOT NULL,
  PRIMARY KEY (person, from_at)) STRICT, WITHOUT ROWID;
CREATE TABLE policy_alert (
  request BLOB NOT NULL, stage TEXT NOT NULL, rank INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (request, stage, rank)) STRICT, WITHOUT ROWID;

-- Hours of which keys were destroyed: what is still to be told to the log, and deleted from disk.
CREATE TABLE policy_hour (
  hour INTEGER PRIMARY KEY, untold INTEGER NOT NULL, on_disk INTEGER NOT NULL) STRICT;
