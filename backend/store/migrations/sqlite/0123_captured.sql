-- What PayPal says it took, in the smallest unit of its currency: not always what was asked for.
ALTER TABLE payments ADD COLUMN captured_minor BIGINT;
ALTER TABLE payments ADD COLUMN captured_currency TEXT;
