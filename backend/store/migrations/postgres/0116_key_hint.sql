-- How an API key's secret ends: 20 of its 128 bits, by which it is told apart. Unknown of older keys.

ALTER TABLE api_keys ADD COLUMN hint TEXT;
