-- Dry runs: what a migration would do.
CREATE TABLE dry_runs (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX dry_runs_by_order ON dry_runs (order_id);

CREATE TABLE dry_run_pairs (
    dry_run_id TEXT NOT NULL REFERENCES dry_runs (id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    -- queued, running, finished, failed
    state TEXT NOT NULL,
    -- JSON.
    findings TEXT NOT NULL,
    folders TEXT NOT NULL,
    left_out TEXT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (dry_run_id, pair_id)
);
CREATE INDEX dry_run_pairs_by_pair ON dry_run_pairs (pair_id);
