-- Requested migrations: the operator is asked to do an order.
CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE REFERENCES orders (id) ON DELETE CASCADE,
    -- requested, accepted, running, done, declined, cancelled
    state TEXT NOT NULL,
    wished_start BIGINT NOT NULL,
    note TEXT NOT NULL,
    -- Why it was declined.
    reason TEXT,
    -- The operator has started it without payment.
    waived_at BIGINT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX requests_by_wish ON requests (wished_start, id);

-- Files of contacts and appointments, sealed for the operator.
CREATE TABLE request_attachments (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- contacts, calendar
    kind TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX request_attachments_by_request ON request_attachments (request_id, position);
