-- Batches of vouchers with limits, and revocation.

ALTER TABLE vouchers ADD COLUMN batch_id TEXT;
ALTER TABLE vouchers ADD COLUMN valid_from BIGINT;
-- The largest source mailbox that it is good for, bytes.
ALTER TABLE vouchers ADD COLUMN max_mailbox_bytes BIGINT;
ALTER TABLE vouchers ADD COLUMN trial_only BIGINT NOT NULL DEFAULT 0;
ALTER TABLE vouchers ADD COLUMN free_test BIGINT NOT NULL DEFAULT 0;
-- JSON: ids of providers, one of which must be the order's old or new one.
ALTER TABLE vouchers ADD COLUMN providers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE vouchers ADD COLUMN sandbox BIGINT NOT NULL DEFAULT 0;
ALTER TABLE vouchers ADD COLUMN revoked_at BIGINT;
CREATE INDEX vouchers_by_tenant ON vouchers (tenant_id, created_at);

-- Pairs of a trial that a voucher for trials alone was spent on: they pay for nothing else.
ALTER TABLE voucher_uses ADD COLUMN trial_pairs BIGINT NOT NULL DEFAULT 0;
