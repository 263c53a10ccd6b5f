CREATE TABLE t (a);
PRAGMA main.[writable_schema] = ON;
UPDATE sqlite_master SET sql = replace(sql, 'a', 'b');
