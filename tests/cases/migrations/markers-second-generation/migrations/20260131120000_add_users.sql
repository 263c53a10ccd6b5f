-- add_users

-- UP Migration
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- DOWN Migration (Rollback)
DROP TABLE users;
