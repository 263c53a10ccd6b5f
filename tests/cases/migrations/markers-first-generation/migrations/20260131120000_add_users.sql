-- Up migration
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- Down migration (rollback)
DROP TABLE users;
