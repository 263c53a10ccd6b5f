-- migrate:up
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- migrate:dwn
DROP TABLE users;
