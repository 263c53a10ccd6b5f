SELECT 1;-- a lone CR ends no comment; DROP TABLE t;SELECT 2;
SELECT 3;SELECT 4;