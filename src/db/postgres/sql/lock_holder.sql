-- Who holds the advisory lock $1 of this database. All may read pid and application_name; the rest
-- is NULL for those who are no member of the holder's role or of pg_read_all_stats.
SELECT a.pid,
    a.application_name,
    pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    CASE WHEN a.state = 'active'
        THEN pg_catalog.floor(
            extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start))::bigint
    END
FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory'
  AND l.granted
  AND l.database = (
      SELECT d.oid
      FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database())
  AND l.classid = ((($1::bigint >> 32) & 4294967295)::text)::oid
  AND l.objid = ((($1::bigint) & 4294967295)::text)::oid
  AND l.objsubid = 1
LIMIT 1
