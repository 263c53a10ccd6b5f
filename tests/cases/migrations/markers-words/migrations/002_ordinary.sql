CREATE TABLE levels (id INTEGER PRIMARY KEY, step INTEGER);
-- Up
INSERT INTO levels (step) VALUES (1);
-- Down
INSERT INTO levels (step) VALUES (-1);
