-- db-entry: was=123
CREATE TABLE users (id INTEGER PRIMARY KEY);
