-- The ledger: machine truth, source reference → destination reference. It stands alone: the command line keeps one in a
-- file of its own, without orders and pairs.

-- Who may write: one row a ledger (account pair). The fencing number grows with each claim.
CREATE TABLE leases (
    ledger_id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    worker TEXT NOT NULL,
    fence BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    -- 0 once released.
    expires_at BIGINT NOT NULL
);

-- A run's totals, kept in the same transactions as the outcomes.
CREATE TABLE ledger_runs (
    no INTEGER PRIMARY KEY,
    ledger_id TEXT NOT NULL,
    run_id TEXT NOT NULL UNIQUE,
    listed BIGINT NOT NULL,
    listed_bytes BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    present BIGINT NOT NULL,
    present_bytes BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    skipped_bytes BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    failed_bytes BIGINT NOT NULL,
    uncertain BIGINT NOT NULL,
    uncertain_bytes BIGINT NOT NULL
);
CREATE INDEX ledger_runs_by_ledger ON ledger_runs (ledger_id);

-- A source folder that goes to a destination folder.
CREATE TABLE ledger_folders (
    id INTEGER PRIMARY KEY,
    ledger_id TEXT NOT NULL,
    source_path TEXT NOT NULL,
    destination_path TEXT NOT NULL,
    -- Grows when the source's UIDVALIDITY changes.
    generation BIGINT NOT NULL,
    source_uid_validity BIGINT NOT NULL,
    destination_uid_validity BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- The last run that has dealt with all of it.
    finished_run_no BIGINT,
    UNIQUE (ledger_id, source_path, destination_path)
);
CREATE INDEX ledger_folders_by_destination ON ledger_folders (ledger_id, destination_path);

CREATE TABLE ledger_items (
    folder_id BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    source_uid BIGINT NOT NULL,
    -- intended, stored, present, skipped, failed, uncertain; superseded: its UIDVALIDITY is gone and the message has a new entry.
    state TEXT NOT NULL,
    -- As listed.
    size_bytes BIGINT NOT NULL,
    -- Of the bytes that were read.
    key_size_bytes BIGINT,
    hash BLOB,
    message_id TEXT,
    -- Seconds since 1970, and the zone's seconds east of UTC.
    internal_date BIGINT,
    internal_offset BIGINT,
    destination_uid BIGINT,
    -- UIDNEXT of the destination when the intent was written.
    destination_uid_next BIGINT,
    -- The run that settled it, or is about to.
    run_no BIGINT,
    reason TEXT,
    fence BIGINT NOT NULL,
    PRIMARY KEY (folder_id, generation, source_uid)
) WITHOUT ROWID;

CREATE TABLE ledger_run_folders (
    run_no BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    listed_bytes BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    present BIGINT NOT NULL,
    present_bytes BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    skipped_bytes BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    failed_bytes BIGINT NOT NULL,
    uncertain BIGINT NOT NULL,
    uncertain_bytes BIGINT NOT NULL,
    PRIMARY KEY (run_no, folder_id)
);

-- What a run has to tell of single messages: outcomes other than stored. They stay when a later run mends them.
CREATE TABLE ledger_run_items (
    run_no BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    source_uid BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    -- 0 failed, 1 uncertain, 2 skipped, 3 duplicate: the order in the protocol.
    rank BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    internal_date BIGINT,
    message_id TEXT,
    code TEXT,
    PRIMARY KEY (run_no, folder_id, generation, source_uid)
);
CREATE INDEX ledger_run_items_ranked ON ledger_run_items (run_no, rank, folder_id, generation, source_uid);

CREATE TABLE ledger_notes (
    run_no BIGINT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    finding TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (run_no, code, subject)
);

-- Which mailboxes a command line's file is for; empty in a service's database.
CREATE TABLE ledger_ends (
    one INTEGER NOT NULL PRIMARY KEY,
    ends TEXT NOT NULL
);
