-- What a credential is, and how a server is told for whom an admin logs in.
ALTER TABLE sides ADD COLUMN credential_kind TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sides ADD COLUMN delegation TEXT;
-- 1 if the order's admin credentials log in for user_name.
ALTER TABLE sides ADD COLUMN by_admin BIGINT NOT NULL DEFAULT 0;

-- Entered once for a side of an order, used for many pairs. Sealed like passwords; NULL once they are erased.
CREATE TABLE admin_credentials (
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    side TEXT NOT NULL,
    user_name TEXT NOT NULL,
    delegation TEXT,
    key_id TEXT,
    wrapped_key BYTEA,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (order_id, side)
);

-- A login under way is not yet a failed one: many at once with one admin's name are no guessing.
ALTER TABLE login_attempts ADD COLUMN failed BIGINT NOT NULL DEFAULT 1;
