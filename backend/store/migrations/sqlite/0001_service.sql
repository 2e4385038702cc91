-- Tenants, orders, account pairs, checks, runs, vouchers, mails, jobs. Ids are UUIDs as text, times are microseconds
-- since 1970 (UTC), truth is 0 or 1, lists and options are JSON: the same on SQLite and PostgreSQL, so that one SQL text
-- and one mapping of rows serve both.

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The operator's tenant; orders from the public page belong to it.
INSERT INTO tenants (id, name, created_at) VALUES ('00000000-0000-0000-0000-000000000000', 'operator', 0);

CREATE TABLE members (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    mail TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    member_id TEXT REFERENCES members (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- SHA-256 of the secret.
    secret_hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Secrets of the service itself (for manage links and sessions), sealed.
CREATE TABLE server_keys (
    purpose TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL
);

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    -- Grows with every change; two changes from the same version cannot both win.
    version BIGINT NOT NULL,
    link_version BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT,
    earliest_start BIGINT,
    started_at BIGINT,
    finished_at BIGINT,
    expires_at BIGINT NOT NULL,
    language TEXT NOT NULL,
    notify_address TEXT,
    source TEXT,
    destination TEXT,
    options TEXT NOT NULL,
    accepted_terms TEXT NOT NULL,
    accepted_terms_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX orders_by_tenant ON orders (tenant_id, created_at);

CREATE TABLE pairs (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    ticked BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX pairs_by_order ON pairs (order_id, position);

CREATE TABLE sides (
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    side TEXT NOT NULL,
    user_name TEXT NOT NULL,
    act_for TEXT,
    endpoint TEXT,
    login TEXT NOT NULL,
    findings TEXT NOT NULL,
    survey_folders BIGINT,
    survey_messages BIGINT,
    survey_bytes BIGINT,
    survey_free_bytes BIGINT,
    PRIMARY KEY (pair_id, side)
);

CREATE TABLE credentials (
    pair_id TEXT NOT NULL,
    side TEXT NOT NULL,
    -- Which key-encryption key wraps the data key.
    key_id TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pair_id, side),
    FOREIGN KEY (pair_id, side) REFERENCES sides (pair_id, side) ON DELETE CASCADE
);

CREATE TABLE checks (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX checks_by_order ON checks (order_id);

CREATE TABLE check_items (
    check_id TEXT NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    side TEXT NOT NULL,
    position BIGINT NOT NULL,
    user_name TEXT NOT NULL,
    login TEXT NOT NULL,
    findings TEXT NOT NULL,
    -- 1 once the account was counted, or could not be.
    counted BIGINT NOT NULL,
    survey_folders BIGINT,
    survey_messages BIGINT,
    survey_bytes BIGINT,
    survey_free_bytes BIGINT,
    PRIMARY KEY (check_id, pair_id, side)
);
CREATE INDEX check_items_by_pair ON check_items (pair_id);

-- Accounts that were tried, by a hash of host and user name; the row is what parallel tries wait for.
CREATE TABLE login_accounts (
    account_hash BLOB NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

-- Logins under way or failed.
CREATE TABLE login_attempts (
    id TEXT NOT NULL PRIMARY KEY,
    account_hash BLOB NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX login_attempts_by_account ON login_attempts (account_hash, at);

CREATE TABLE deltas (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX deltas_by_order ON deltas (order_id);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    delta_id TEXT REFERENCES deltas (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    finding TEXT,
    UNIQUE (pair_id, number)
);
CREATE INDEX runs_by_order ON runs (order_id);
CREATE INDEX runs_by_delta ON runs (delta_id);

CREATE TABLE vouchers (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    -- SHA-256 of the code's 16 bytes.
    code_hash BLOB NOT NULL UNIQUE,
    pairs BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    valid_until BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (spent >= 0 AND spent <= pairs)
);

CREATE TABLE voucher_uses (
    voucher_id TEXT NOT NULL REFERENCES vouchers (id),
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    pairs BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (voucher_id, order_id)
);
CREATE INDEX voucher_uses_by_order ON voucher_uses (order_id);

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    occasion TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    attempts BIGINT NOT NULL,
    UNIQUE (order_id, kind, occasion)
);

CREATE TABLE jobs (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- How often it has been taken.
    attempt BIGINT NOT NULL,
    -- How often it was asked for, and up to which asking the worker that has it knows: if it was asked for again
    -- meanwhile, it stays when that worker is done.
    asked BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    locked_by TEXT,
    seen_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX jobs_due ON jobs (not_before);
