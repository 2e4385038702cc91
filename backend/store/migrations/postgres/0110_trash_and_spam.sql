-- What of the messages counted lies in the trash and among the spam.

ALTER TABLE sides ADD COLUMN survey_trash_messages BIGINT;
ALTER TABLE sides ADD COLUMN survey_trash_bytes BIGINT;
ALTER TABLE sides ADD COLUMN survey_junk_messages BIGINT;
ALTER TABLE sides ADD COLUMN survey_junk_bytes BIGINT;
ALTER TABLE check_items ADD COLUMN survey_trash_messages BIGINT;
ALTER TABLE check_items ADD COLUMN survey_trash_bytes BIGINT;
ALTER TABLE check_items ADD COLUMN survey_junk_messages BIGINT;
ALTER TABLE check_items ADD COLUMN survey_junk_bytes BIGINT;
