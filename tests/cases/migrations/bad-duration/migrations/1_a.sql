-- db-entry: lock-timeout=soon
CREATE TABLE users (id INTEGER PRIMARY KEY);
