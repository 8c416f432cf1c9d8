-- What is published of an opening, when, and what was asked about it. A salt here opens one
-- commitment
-- of the public log, and no other: it goes with its detail. Cells are what a detail counts in.
CREATE TABLE policy_disclosure (
  request BLOB PRIMARY KEY, filed_at INTEGER NOT NULL, disclose_at INTEGER NOT NULL,
  withdrawn_at INTEGER, erased_at INTEGER) STRICT;
CREATE INDEX policy_disclosure_date ON policy_disclosure (disclose_at);
CREATE TABLE policy_disclosure_detail (
  request BLOB NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL, salt BLOB NOT NULL,
  published_at INTEGER,
  PRIMARY KEY (request, what)) STRICT, WITHOUT ROWID;
CREATE TABLE policy_disclosure_cell (
  request BLOB NOT NULL, what TEXT NOT NULL, camera INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (what, camera, number, request)) STRICT, WITHOUT ROWID;
CREATE INDEX policy_disclosure_cell_request ON policy_disclosure_cell (request);
CREATE TABLE policy_disclosure_ask (
  id BLOB PRIMARY KEY, request BLOB NOT NULL, what TEXT NOT NULL, json TEXT NOT NULL,
  salt BLOB NOT NULL, asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL, state TEXT NOT NULL,
  agreed_by TEXT, agreed_at INTEGER, log_index INTEGER) STRICT;
CREATE INDEX policy_disclosure_ask_request ON policy_disclosure_ask (request);
