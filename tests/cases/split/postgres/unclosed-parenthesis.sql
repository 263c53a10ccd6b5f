SELECT 1;
CREATE TABLE t (
  a int,
  b numeric(1,2;
SELECT 2;
