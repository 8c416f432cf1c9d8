-- What the break-glass account did to whose account, and the salt that opens the log's commitment.
CREATE TABLE policy_glass_act (
  log_index INTEGER PRIMARY KEY, opening INTEGER NOT NULL, at INTEGER NOT NULL,
  disabled INTEGER NOT NULL, person TEXT NOT NULL, salt BLOB NOT NULL) STRICT;
CREATE INDEX policy_glass_act_opening ON policy_glass_act (opening);
