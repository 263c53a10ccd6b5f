PREPARE p (int) AS SELECT $1;
SELECT 1
WHERE a = :'name';
