-- Access policies: proposed, in force, past. Schema, charter and actions are the release's.
CREATE TABLE policy_statute (
  hash BLOB PRIMARY KEY, policies TEXT NOT NULL, stage TEXT NOT NULL,
  proposed_by TEXT NOT NULL, proposed_at INTEGER NOT NULL,
  activated_at INTEGER, log_index INTEGER, proof BLOB, transcript TEXT) STRICT;
