-- What residents ask about their own footage, and complain of. Names, contacts and words stand here
-- only sealed by the machine's key; of a reference only its hash.
CREATE TABLE policy_resident_ask (
  id INTEGER PRIMARY KEY, reference BLOB NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE,
  commitment BLOB NOT NULL UNIQUE, salt BLOB NOT NULL, body TEXT NOT NULL,
  sealed BLOB NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL,
  asked_at INTEGER NOT NULL, answer_by INTEGER NOT NULL, frozen_until INTEGER NOT NULL,
  frozen INTEGER NOT NULL, bytes INTEGER NOT NULL,
  answered_at INTEGER, answered_by TEXT, answer BLOB, ended_at INTEGER,
  case_id INTEGER, freeze_index INTEGER, ended_index INTEGER) STRICT;
CREATE TABLE policy_resident_span (
  ask INTEGER NOT NULL REFERENCES policy_resident_ask (id), camera INTEGER NOT NULL,
  span INTEGER NOT NULL, hour INTEGER NOT NULL, begin_at INTEGER NOT NULL, end_at INTEGER NOT NULL,
  PRIMARY KEY (ask, camera, span)) STRICT, WITHOUT ROWID;
CREATE INDEX policy_resident_span_camera ON policy_resident_span (camera, span);

-- What was asked before in a case.
CREATE INDEX policy_case_number ON policy_case (number, body);
CREATE INDEX policy_request_case ON policy_request (case_id, filed_at);

CREATE TABLE policy_complaint (
  id INTEGER PRIMARY KEY, reference BLOB NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL, camera INTEGER, at INTEGER NOT NULL,
  answered_at INTEGER, answered_by TEXT, answer BLOB) STRICT;
