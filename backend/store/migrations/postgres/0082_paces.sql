-- How fast somebody may ask for what strangers could do harm with, over all processes together. Who it is stands here as a
-- hash only.

CREATE TABLE paces (
    who BYTEA NOT NULL PRIMARY KEY,
    -- When everything that was taken is given back.
    full_at BIGINT NOT NULL
);
CREATE INDEX paces_by_time ON paces (full_at);
