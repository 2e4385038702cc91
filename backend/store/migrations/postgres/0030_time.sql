-- The two-phase schedule, the MX records of an order's domains, and when an order ended.

ALTER TABLE orders ADD COLUMN delta_trigger TEXT;
ALTER TABLE orders ADD COLUMN delta_delay_hours BIGINT;
-- When the delta starts by itself, once that is known.
ALTER TABLE orders ADD COLUMN delta_at BIGINT;
-- 1 until every pair has had that delta.
ALTER TABLE orders ADD COLUMN delta_pending BIGINT NOT NULL DEFAULT 0;
-- When it was closed or cancelled, and when its personal data was deleted.
ALTER TABLE orders ADD COLUMN ended_at BIGINT;
ALTER TABLE orders ADD COLUMN purged_at BIGINT;
UPDATE orders SET ended_at = COALESCE(finished_at, expires_at) WHERE state IN ('closed', 'cancelled');
CREATE INDEX orders_by_end ON orders (ended_at);

CREATE TABLE mx_watches (
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    domain TEXT NOT NULL,
    records_before TEXT NOT NULL,
    records TEXT NOT NULL,
    ttl_seconds BIGINT,
    looked_up_at BIGINT,
    changed_at BIGINT,
    -- 1 if the latest look-up failed.
    lookup_failed BIGINT NOT NULL,
    -- The delta that was started for this domain.
    delta_id TEXT,
    PRIMARY KEY (order_id, domain)
);
