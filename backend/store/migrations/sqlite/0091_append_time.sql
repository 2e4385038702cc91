-- The longest that the destination has taken to answer for a batch: it may still work for as long on one whose sender is
-- gone.

ALTER TABLE ledger_runs ADD COLUMN append_ms BIGINT NOT NULL DEFAULT 0;
