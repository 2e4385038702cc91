-- Searches for the settings of a mail service: of an address only the domain is kept, and all for an hour only.
CREATE TABLE discoveries (
    id TEXT NOT NULL PRIMARY KEY,
    domain TEXT,
    host TEXT,
    port BIGINT,
    tls TEXT,
    created_at BIGINT NOT NULL,
    finished BIGINT NOT NULL,
    -- JSON.
    proposals TEXT NOT NULL,
    steps TEXT NOT NULL
);
CREATE INDEX discoveries_by_age ON discoveries (created_at);
