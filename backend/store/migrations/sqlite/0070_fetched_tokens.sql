-- What an admin's credential is: a password, or what access tokens are fetched with.
ALTER TABLE admin_credentials ADD COLUMN credential_kind TEXT NOT NULL DEFAULT 'password';
