PRAGMA foreign_keys = OFF;
BEGIN;

CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO users_new SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
PRAGMA foreign_key_check;

COMMIT;
PRAGMA foreign_keys = ON;
