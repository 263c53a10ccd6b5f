CREATE TABLE users (id INTEGER PRIMARY KEY);

---- create above / drop below ----

DROP TABLE users;
