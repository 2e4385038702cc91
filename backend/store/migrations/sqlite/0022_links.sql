-- Pre-configured links that a hoster hands out.

CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- JSON: what it fixes.
    source TEXT,
    destination TEXT,
    language TEXT NOT NULL,
    -- JSON: name, colour, logo, support address.
    brand TEXT NOT NULL,
    -- What it pays with.
    voucher_id TEXT REFERENCES vouchers (id),
    once BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    sandbox BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX links_by_tenant ON links (tenant_id, created_at);

ALTER TABLE orders ADD COLUMN link_id TEXT;
