-- How an endpoint has answered lately; what is in the log by now is counted in.

ALTER TABLE webhooks ADD COLUMN last_success_at BIGINT;
ALTER TABLE webhooks ADD COLUMN last_failure_at BIGINT;
ALTER TABLE webhooks ADD COLUMN last_failure_status BIGINT;
ALTER TABLE webhooks ADD COLUMN last_failure_error TEXT;
-- Tries since the last success.
ALTER TABLE webhooks ADD COLUMN failures_in_row BIGINT NOT NULL DEFAULT 0;

UPDATE webhooks SET
    last_success_at = (SELECT MAX(a.at) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
        WHERE d.webhook_id = webhooks.id AND a.status BETWEEN 200 AND 299),
    last_failure_at = (SELECT MAX(a.at) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
        WHERE d.webhook_id = webhooks.id AND (a.status IS NULL OR a.status NOT BETWEEN 200 AND 299));
UPDATE webhooks SET
    failures_in_row = (SELECT COUNT(*) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
        WHERE d.webhook_id = webhooks.id AND (a.status IS NULL OR a.status NOT BETWEEN 200 AND 299)
            AND a.at > COALESCE(webhooks.last_success_at, 0)),
    last_failure_status = (SELECT MAX(a.status) FROM webhook_attempts a
        JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.webhook_id = webhooks.id AND a.at = webhooks.last_failure_at),
    last_failure_error = (SELECT MAX(a.error) FROM webhook_attempts a
        JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.webhook_id = webhooks.id AND a.at = webhooks.last_failure_at);
-- Nothing is on its way to who is switched off.
UPDATE webhook_deliveries SET state = 'failed', next_at = NULL
    WHERE state = 'pending' AND webhook_id IN (SELECT id FROM webhooks WHERE enabled = 0);
