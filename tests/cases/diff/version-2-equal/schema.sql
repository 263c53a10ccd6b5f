CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT NOT NULL);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL, user_id TEXT REFERENCES users (id) ON DELETE CASCADE);
CREATE INDEX orders_user ON orders (user_id);
