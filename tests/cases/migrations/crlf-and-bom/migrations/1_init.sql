-- db-entry: breaks-older
-- migrate:up
CREATE TABLE users (
  id INTEGER
);
-- migrate:down
DROP TABLE users;
