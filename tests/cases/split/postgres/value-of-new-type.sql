CREATE TYPE app.mood AS ENUM ('ok');
ALTER TYPE app.mood ADD VALUE 'fine';
INSERT INTO t VALUES ('fine');
