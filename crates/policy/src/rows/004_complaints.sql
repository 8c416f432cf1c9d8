-- A complaint is named by its number alone: nothing of it can be followed, so it needs no secret
-- reference, and whoever writes again is found by what they were given.
CREATE TABLE policy_complaint_numbered (
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL, camera INTEGER, at INTEGER NOT NULL,
  answered_at INTEGER, answered_by TEXT, answer BLOB) STRICT;
INSERT INTO policy_complaint_numbered
  SELECT id, number, sealed, camera, at, answered_at, answered_by, answer FROM policy_complaint;
DROP TABLE policy_complaint;
ALTER TABLE policy_complaint_numbered RENAME TO policy_complaint;
