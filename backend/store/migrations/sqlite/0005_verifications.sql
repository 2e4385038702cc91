-- Verify: destinations are fetched again and compared with the ledger.
CREATE TABLE verifications (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX verifications_by_order ON verifications (order_id);

CREATE TABLE verification_pairs (
    verification_id TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    -- queued, running, finished, failed
    state TEXT NOT NULL,
    -- JSON.
    counts TEXT NOT NULL,
    findings TEXT NOT NULL,
    items TEXT NOT NULL,
    items_total BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (verification_id, pair_id)
);
CREATE INDEX verification_pairs_by_pair ON verification_pairs (pair_id);
