CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE CHECK (length(mail) > 3));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), mail TEXT);
CREATE INDEX users_mail ON users (lower(mail)) WHERE mail <> '';
CREATE TRIGGER touched AFTER UPDATE OF mail ON users BEGIN SELECT new.mail; END;
