\echo one \\ DROP TABLE t;
