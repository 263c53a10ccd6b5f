-- made on Windows, elsewhere
CREATE TABLE t (a TEXT);
INSERT INTO t VALUES ('one
two');
