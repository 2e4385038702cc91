-- What Verify compares with: flags as they were copied, with spaces between them, and a fingerprint that tells what was
-- changed. Absent where the message was never read, or was copied before this was kept.
ALTER TABLE ledger_items ADD COLUMN flags TEXT;
ALTER TABLE ledger_items ADD COLUMN fingerprint BYTEA;
