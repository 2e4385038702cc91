-- Requests that carried an Idempotency-Key: whose it was and what it asked for as HMAC, the answer sealed.
CREATE TABLE idempotency (
    -- HMAC of who asked, the operation and the key.
    scope BYTEA NOT NULL PRIMARY KEY,
    -- HMAC of path and body.
    request BYTEA NOT NULL,
    -- Which attempt may take effect: only the one of this id.
    attempt TEXT NOT NULL,
    attempted_at BIGINT NOT NULL,
    -- 1 from the commit on that made the effect.
    effected BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The answer, once there is one.
    key_id TEXT,
    wrapped_key BYTEA,
    sealed BYTEA
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
