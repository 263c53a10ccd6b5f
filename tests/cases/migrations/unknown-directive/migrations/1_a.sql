-- db-entry: no-transactions
CREATE TABLE users (id INTEGER PRIMARY KEY);
