-- Prices of tenants, payments, and what the payment provider has told of them. Amounts are whole numbers of the
-- currency's smallest unit.

CREATE TABLE prices (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- JSON.
    price TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Kept for the books when their order is deleted: nothing in them is personal.
CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    method TEXT NOT NULL,
    state TEXT NOT NULL,
    pairs BIGINT NOT NULL,
    price TEXT NOT NULL,
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    -- The provider's numbers of its order and of the capture.
    remote_order TEXT UNIQUE,
    remote_capture TEXT,
    approve_url TEXT,
    -- How often the means of payment was declined: a further capture is another request.
    declined BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at BIGINT,
    refunded_at BIGINT
);
CREATE INDEX payments_by_order ON payments (order_id, created_at);

-- Notifications as they came, until they have been verified and dealt with.
CREATE TABLE payment_events (
    id TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    -- The provider's number of it, once it was verified: each counts once.
    remote_event TEXT UNIQUE,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    handled_at BIGINT
);
