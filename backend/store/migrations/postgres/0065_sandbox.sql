-- Mailboxes of the test hosts, each of one sandbox order alone.

CREATE TABLE sandbox_mailboxes (
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    -- Host, side and user name.
    name TEXT NOT NULL,
    content BYTEA NOT NULL,
    -- Grows with every change: of two that change it at once, one comes second.
    version BIGINT NOT NULL,
    PRIMARY KEY (order_id, name)
);
