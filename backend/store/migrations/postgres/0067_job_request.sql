-- The HTTP request that a job was last asked for by: the log of the one leads to the log of the other.
ALTER TABLE jobs ADD COLUMN request_id TEXT;
