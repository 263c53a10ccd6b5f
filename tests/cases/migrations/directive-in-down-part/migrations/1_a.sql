-- migrate:up
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- migrate:down
-- db-entry: breaks-older
DROP TABLE users;
