-- Who may send mail in a domain's name, by its DNS: SPF and DKIM as JSON, once they were looked up.

ALTER TABLE mx_watches ADD COLUMN sending TEXT;
