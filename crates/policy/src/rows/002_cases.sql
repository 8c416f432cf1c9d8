-- A case ends by a person's word. What was opened in one that nobody ends is for the auditor to ask.
ALTER TABLE policy_case ADD COLUMN closed_at INTEGER;
ALTER TABLE policy_case ADD COLUMN closed_by TEXT;
