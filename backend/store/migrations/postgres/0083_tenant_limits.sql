-- Limits that a tenant may have of its own: the largest message, and connections of its runs to one server at once.
ALTER TABLE tenants ADD COLUMN max_message_bytes BIGINT;
ALTER TABLE tenants ADD COLUMN max_connections_per_host BIGINT;
ALTER TABLE connection_slots ADD COLUMN tenant_id TEXT;
