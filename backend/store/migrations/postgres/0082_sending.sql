-- What DNS says about who may send the mail of a domain (SPF, DKIM): JSON, absent until it was looked up.
ALTER TABLE mx_watches ADD COLUMN sending TEXT;
