-- Where a delta of a folder goes on; all of them or none. Written when everything that was there had been dealt with for
-- good.
ALTER TABLE ledger_folders ADD COLUMN cursor_source_uid_validity BIGINT;
ALTER TABLE ledger_folders ADD COLUMN cursor_source_uid_next BIGINT;
ALTER TABLE ledger_folders ADD COLUMN cursor_messages BIGINT;
ALTER TABLE ledger_folders ADD COLUMN cursor_size_bytes BIGINT;
ALTER TABLE ledger_folders ADD COLUMN cursor_destination_uid_validity BIGINT;
