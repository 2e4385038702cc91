-- Refunds of a part, in the currency's smallest unit.

-- What was paid back so far.
ALTER TABLE payments ADD COLUMN refunded_minor BIGINT NOT NULL DEFAULT 0;
-- What the refund under way pays back; NULL: all that is left.
ALTER TABLE payments ADD COLUMN refund_minor BIGINT;
-- How many refunds were asked for: a further one is another request.
ALTER TABLE payments ADD COLUMN refunds BIGINT NOT NULL DEFAULT 0;
UPDATE payments SET refunded_minor = total_minor WHERE state = 'refunded';
