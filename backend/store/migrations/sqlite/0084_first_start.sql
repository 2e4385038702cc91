-- When an order's very first run was started, a free trial's too: from then on its link works for so many days at most.
ALTER TABLE orders ADD COLUMN first_started_at BIGINT;
UPDATE orders SET first_started_at = (SELECT MIN(r.started_at) FROM runs r WHERE r.order_id = orders.id);
UPDATE orders SET first_started_at = started_at WHERE first_started_at IS NULL;
