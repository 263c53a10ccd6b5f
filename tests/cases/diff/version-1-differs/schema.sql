CREATE TABLE users (id TEXT, email BLOB, more TEXT);
CREATE TABLE other (a);
CREATE INDEX i ON users (more);