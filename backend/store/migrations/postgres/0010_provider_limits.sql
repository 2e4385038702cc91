-- What passes in a provider's day, by a hash of host and user name. A day begins with its first byte.
CREATE TABLE traffic (
    account_hash BYTEA NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL,
    down_bytes BIGINT NOT NULL,
    up_bytes BIGINT NOT NULL
);

-- Servers that are connected to; the row is what parallel claims wait for. While `lowered_until` lies ahead, no more
-- connections than `lowered_to` are given out: the server said that there were too many.
CREATE TABLE slot_hosts (
    host TEXT NOT NULL PRIMARY KEY,
    lowered_to BIGINT NOT NULL,
    lowered_until BIGINT NOT NULL
);

-- Connections that runs hold: as long as their lease, and lost with it.
CREATE TABLE connection_slots (
    ledger_id TEXT NOT NULL,
    side TEXT NOT NULL,
    fence BIGINT NOT NULL,
    host TEXT NOT NULL,
    account_hash BYTEA NOT NULL,
    connections BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, side)
);
CREATE INDEX connection_slots_by_host ON connection_slots (host);

-- HIGHESTMODSEQ of the source when the flags at the destination were last those at the source.
ALTER TABLE ledger_folders ADD COLUMN cursor_source_modseq BIGINT;
