-- Who uses a table or index with one of the names $1, the longest first and mere readers last. State
-- and time are NULL for those who are no member of the other's role or of pg_read_all_stats.
SELECT c.oid::pg_catalog.regclass,
    a.pid,
    a.application_name,
    a.state,
    pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start))::bigint
FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
    JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.granted
  AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (
      SELECT d.oid
      FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database())
  AND c.relname = ANY ($1::text[])
ORDER BY l.mode = 'AccessShareLock', a.xact_start, a.pid
LIMIT 1
