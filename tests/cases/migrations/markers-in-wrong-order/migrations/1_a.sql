-- migrate:down
DROP TABLE users;
-- migrate:up
CREATE TABLE users (id INTEGER PRIMARY KEY);
