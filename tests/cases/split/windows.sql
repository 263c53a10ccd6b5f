-- made on Windows
CREATE TABLE t (
    a TEXT -- note
);

INSERT INTO t VALUES ('one
two');
