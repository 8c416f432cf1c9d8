-- Counters of approvers' authenticators, as last seen (WebAuthn Level 3, clause 6.1.1).
CREATE TABLE policy_passkey (credential TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;

-- Openings of the break-glass account: who, when, until, and how the log heard of the end.
CREATE TABLE policy_break_glass (
  id INTEGER PRIMARY KEY AUTOINCREMENT, first_by TEXT NOT NULL, second_by TEXT NOT NULL,
  opened_at INTEGER NOT NULL, until INTEGER NOT NULL, log_index INTEGER NOT NULL,
  ended_how TEXT, ended_index INTEGER) STRICT;

-- Whether a session began at the identity provider: signing out then goes on there.
ALTER TABLE policy_session ADD COLUMN by_provider INTEGER NOT NULL DEFAULT 0;
