-- What its seller wrote down of a voucher's batch.

ALTER TABLE vouchers ADD COLUMN note TEXT NOT NULL DEFAULT '';
