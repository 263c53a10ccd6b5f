-- migrate:up
-- db-entry: lock-timeout=1s
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- migrate:down
-- db-entry: no-transaction, lock-timeout=2s
-- db-entry: statement-timeout=3m
DROP TABLE users;
