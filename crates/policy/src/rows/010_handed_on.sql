-- Shares that custodians handed on to members of their group who came later than the span: a share
-- table of those alone, under the hour key of the table that the recorder sealed, and gone with it.
CREATE TABLE policy_handed_on (
  hour INTEGER NOT NULL, camera INTEGER NOT NULL, span INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (hour, camera, span)) STRICT, WITHOUT ROWID;
-- What both groups signed about the log's next key; the log's entry has the hash.
CREATE TABLE policy_log_key (
  hash BLOB PRIMARY KEY, statement TEXT NOT NULL, signatures TEXT NOT NULL) STRICT;
