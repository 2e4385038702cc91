-- Links by which members set a password of their own: invitations, and answers to a password that was forgotten. Their
-- tokens are made of the id by the server's key: nothing in here opens anything.

CREATE TABLE password_links (
    id TEXT NOT NULL PRIMARY KEY,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The mail that carries it.
    sent_at BIGINT,
    attempts BIGINT NOT NULL
);
CREATE INDEX password_links_by_member ON password_links (member_id);
