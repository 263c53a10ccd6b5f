-- migrate:up transaction:false
CREATE TABLE users (id INTEGER PRIMARY KEY);
VACUUM;

-- migrate:down
DROP TABLE users;
