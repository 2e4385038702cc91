-- When an order's main run or trial, or the last delta that started by itself, ended: what its link counts from. What was
-- told of links before stays so.

ALTER TABLE orders ADD COLUMN planned_end_at BIGINT;
UPDATE orders SET planned_end_at = finished_at;
