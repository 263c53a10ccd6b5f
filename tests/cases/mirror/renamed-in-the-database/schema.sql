CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE CHECK (length(email) > 3));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), mail TEXT);
CREATE INDEX users_mail ON users (lower(email)) WHERE email <> '';
CREATE TRIGGER touched AFTER UPDATE OF email ON users BEGIN SELECT new.email; END;
