-- What kind of service an order's mail comes from, so that the list can be filtered by it. Written with the old provider.
ALTER TABLE orders ADD COLUMN migration_type TEXT NOT NULL DEFAULT 'standard';
UPDATE orders SET migration_type = CASE
    WHEN source LIKE '%gmail%' OR source LIKE '%google%' THEN 'gmail'
    WHEN source LIKE '%microsoft%' OR source LIKE '%office365%' OR source LIKE '%outlook.com%' THEN 'office365'
    WHEN source LIKE '%exchange%' THEN 'exchange'
    ELSE 'standard' END
WHERE source IS NOT NULL;
