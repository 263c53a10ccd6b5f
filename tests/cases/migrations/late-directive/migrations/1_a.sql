CREATE TABLE users (id INTEGER PRIMARY KEY);
-- db-entry: destructive
DROP TABLE users;
