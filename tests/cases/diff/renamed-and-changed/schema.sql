CREATE TABLE users (id INTEGER PRIMARY KEY, mail VARCHAR(80) UNIQUE CHECK (length(mail) > 5));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), mail TEXT);
CREATE INDEX users_mail ON users (lower(mail)) WHERE mail <> '';
CREATE TRIGGER touched AFTER UPDATE OF mail ON users BEGIN SELECT new.mail; END;
