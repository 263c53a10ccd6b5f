CREATE TABLE t (a);
INSERT INTO t VALUES ('it's one quote too many');
INSERT INTO t VALUES ('fine');
