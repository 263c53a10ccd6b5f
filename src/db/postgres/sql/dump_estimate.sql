-- Bytes of what a dump holds, roughly: tables with what is stored out of line, and large objects.
-- Each object counts for its definition too; so 0 says that there is nothing but our own tables and
-- what belongs to extensions.
WITH own_schema AS (
    SELECT n.oid
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), relation AS (
    SELECT c.oid, c.relkind, c.reltoastrelid
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace IN (SELECT oid FROM own_schema)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
      AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            AND d.objid = c.oid AND d.deptype = 'e')
), routine AS (
    SELECT p.oid
    FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM own_schema)
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
            AND d.objid = p.oid AND d.deptype = 'e')
), type AS (
    SELECT t.oid
    FROM pg_catalog.pg_type AS t
    WHERE t.typnamespace IN (SELECT oid FROM own_schema)
      AND t.typtype IN ('d', 'e', 'r')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
            AND d.objid = t.oid AND d.deptype = 'e')
), large AS (
    SELECT count(*) AS count FROM pg_catalog.pg_largeobject_metadata
), locked AS (
    -- To be asked for its size a table must not be somebody's alone; nobody is waited for here.
    SELECT l.relation
    FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
), size AS (
    SELECT coalesce(sum(
        CASE WHEN s.oid IN (SELECT relation FROM locked)
             THEN s.relpages::bigint * pg_catalog.current_setting('block_size')::bigint
             ELSE coalesce(pg_catalog.pg_relation_size(s.oid), 0) END), 0) AS bytes
    FROM relation AS r
        JOIN pg_catalog.pg_class AS s ON s.oid IN (r.oid, r.reltoastrelid)
    WHERE r.relkind = 'r'
)
SELECT ((SELECT bytes FROM size)::bigint
    + 1000 * ((SELECT count(*) FROM relation) + (SELECT count(*) FROM routine)
        + (SELECT count(*) FROM type))
    + CASE WHEN (SELECT count FROM large) = 0 THEN 0
           ELSE 1000 + pg_catalog.pg_relation_size('pg_catalog.pg_largeobject') END)::bigint
