-- Who may do what in a tenant, how much a tenant may have, and who asked for an order.

ALTER TABLE tenants ADD COLUMN max_pairs BIGINT;
ALTER TABLE tenants ADD COLUMN max_active_orders BIGINT;

ALTER TABLE members ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
-- JSON: the domains that a manager is limited to.
ALTER TABLE members ADD COLUMN domains TEXT NOT NULL DEFAULT '[]';
-- The mail address in lower case: what a member signs in with.
ALTER TABLE members ADD COLUMN login TEXT;
-- A PHC string of Argon2id.
ALTER TABLE members ADD COLUMN password_hash TEXT;
-- Raised to end the member's sessions.
ALTER TABLE members ADD COLUMN session_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN signed_in_at BIGINT;
CREATE UNIQUE INDEX members_by_login ON members (login);
CREATE INDEX members_by_tenant ON members (tenant_id, created_at);

ALTER TABLE api_keys ADD COLUMN sandbox BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

-- None of them for orders from the public page; they stay when the member or key is deleted.
ALTER TABLE orders ADD COLUMN member_id TEXT;
ALTER TABLE orders ADD COLUMN api_key_id TEXT;
ALTER TABLE orders ADD COLUMN sandbox BIGINT NOT NULL DEFAULT 0;

-- How a code begins, so that it is recognised in a list: 25 of its 128 bits.
ALTER TABLE vouchers ADD COLUMN hint TEXT NOT NULL DEFAULT '';
