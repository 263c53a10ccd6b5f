-- Did this transaction write to our tables, or change which there are? $1: the tables there were
-- when it began, as "{16384:db_entry_run,...}", NULL for none; $2: their schema. Reading them is
-- allowed (AccessShareLock, and RowShareLock of SELECT FOR SHARE), and so is ANALYZE
-- (ShareUpdateExclusiveLock).
-- And what would keep us from writing them becomes $4 to $8 again, as far as it is not, until the
-- transaction's end if $3; where they are NULL it stays.
SELECT EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.unnest($1::text[]) AS t (entry)
                ON l.relation = pg_catalog.split_part(t.entry, ':', 1)::oid
        WHERE l.pid = pg_catalog.pg_backend_pid()
          AND l.locktype = 'relation'
          AND l.granted
          AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock')
          AND l.database = (
              SELECT d.oid
              FROM pg_catalog.pg_database AS d
              WHERE d.datname = pg_catalog.current_database()))
    OR pg_catalog.array_to_string($1::text[], ',') IS DISTINCT FROM (
        SELECT pg_catalog.string_agg(pg_catalog.concat(c.oid, ':', c.relname), ',' ORDER BY c.oid)
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = $2)
          AND c.relkind IN ('r', 'p', 'v')
          AND pg_catalog.starts_with(c.relname::text, 'db_entry_')),
    CASE WHEN pg_catalog.current_setting('session_authorization') <> $4
        THEN pg_catalog.set_config('session_authorization', $4, $3) END,
    CASE WHEN pg_catalog.current_setting('role') <> $5
        THEN pg_catalog.set_config('role', $5, $3) END,
    CASE WHEN pg_catalog.current_setting('search_path') <> $6
        THEN pg_catalog.set_config('search_path', $6, $3) END,
    CASE WHEN pg_catalog.current_setting('row_security') <> $7
        THEN pg_catalog.set_config('row_security', $7, $3) END,
    CASE WHEN pg_catalog.current_setting('session_replication_role') <> $8
        THEN pg_catalog.set_config('session_replication_role', $8, $3) END
