-- What whoever asked calls an order.

ALTER TABLE orders ADD COLUMN reference TEXT;
