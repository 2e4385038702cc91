-- Whether the end of a delta was told to webhooks; that of those there are was.
ALTER TABLE deltas ADD COLUMN end_told BIGINT NOT NULL DEFAULT 0;
UPDATE deltas SET end_told = 1 WHERE NOT EXISTS (
    SELECT 1 FROM runs r WHERE r.delta_id = deltas.id AND r.state IN ('queued', 'running', 'paused'));

-- Whether a mail has told why a run waits; of those that wait by now one has.
ALTER TABLE runs ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET told = 1 WHERE state = 'paused' AND finding IS NOT NULL;
