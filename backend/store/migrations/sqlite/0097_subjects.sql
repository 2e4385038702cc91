-- Subjects of messages that a protocol tells of; only while the order's owner wants to see them.
ALTER TABLE ledger_run_items ADD COLUMN subject TEXT;
