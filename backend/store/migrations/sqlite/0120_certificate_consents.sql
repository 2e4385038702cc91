-- Certificates that do not verify and were accepted all the same: each for one server on one side of an order.

CREATE TABLE certificate_consents (
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    side TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    -- SHA-256 of the certificate's DER, hexadecimal.
    fingerprint TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    accepted_by TEXT NOT NULL,
    -- The member's or the API key's id; none for whoever has the manage link.
    actor_id TEXT,
    PRIMARY KEY (order_id, side, host, port)
);
