-- What it is for.
-- db-entry: destructive, lock-timeout=5s, statement-timeout=2m
-- db-entry: work-item=ABC-123, breaks-older
-- db-entry: was=0123456789ab, was=ABCDEF0123456789
DROP TABLE users;
