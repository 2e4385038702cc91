-- What was sent instead of the source's bytes, which were refused: its size and hash, by which it is found again, and
-- what was repaired, as bits.
ALTER TABLE ledger_items ADD COLUMN sent_size_bytes BIGINT;
ALTER TABLE ledger_items ADD COLUMN sent_hash BLOB;
ALTER TABLE ledger_items ADD COLUMN repairs BIGINT;
