-- Connections of whoever looks at a server without a run: a check, a survey, a dry run, a comparison. What is not given
-- back is free again when its time is over.
CREATE TABLE visits (
    id TEXT NOT NULL,
    host TEXT NOT NULL,
    account_hash BLOB NOT NULL,
    connections BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX visits_by_host ON visits (host);
CREATE INDEX visits_by_id ON visits (id);
