-- How long servers were asked for a check, over all attempts of its job; milliseconds.

ALTER TABLE checks ADD COLUMN asked_ms BIGINT NOT NULL DEFAULT 0;
