-- A dry run may be of a free trial, which copies the last days alone.
ALTER TABLE dry_runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'main';
