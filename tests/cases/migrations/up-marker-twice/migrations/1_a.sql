-- migrate:up
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- migrate:up
CREATE TABLE users (id INTEGER PRIMARY KEY);
