-- How much each kept span is: what two asks name alike is kept, and counted, once.
ALTER TABLE policy_resident_span ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policy_hold_span ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE policy_resident_span SET bytes = (SELECT a.bytes FROM policy_resident_ask a WHERE a.id = ask)
  / (SELECT count(*) FROM policy_resident_span s WHERE s.ask = policy_resident_span.ask);
ALTER TABLE policy_resident_ask DROP COLUMN bytes;
