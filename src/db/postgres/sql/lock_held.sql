-- Does this very session hold the advisory lock $1 of this database?
SELECT 1
FROM pg_catalog.pg_locks AS l
WHERE l.pid = pg_catalog.pg_backend_pid()
  AND l.locktype = 'advisory'
  AND l.granted
  AND l.mode = 'ExclusiveLock'
  AND l.database = (
      SELECT d.oid
      FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database())
  AND l.classid = ((($1::bigint >> 32) & 4294967295)::text)::oid
  AND l.objid = ((($1::bigint) & 4294967295)::text)::oid
  AND l.objsubid = 1
