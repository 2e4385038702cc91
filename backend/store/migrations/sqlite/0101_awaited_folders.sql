-- Source folders that a run is to copy and of which nothing is settled for good yet: one that is left before it was ever
-- listed is known to be missing.

CREATE TABLE ledger_awaited (
    run_no BIGINT NOT NULL,
    source_path TEXT NOT NULL,
    PRIMARY KEY (run_no, source_path)
);
