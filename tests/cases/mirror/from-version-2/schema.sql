CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_created ON users (created_at);
CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL, user_id TEXT REFERENCES users (id) ON DELETE CASCADE);
CREATE INDEX orders_user ON orders (user_id);
