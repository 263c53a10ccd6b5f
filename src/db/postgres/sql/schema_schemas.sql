-- Schemas, but for the current one, which is there by itself, and public.
SELECT NULL AS schema,
    NULL AS parent,
    n.nspname AS name,
    d.description AS comment
FROM pg_catalog.pg_namespace AS n
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = n.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND n.nspname <> 'public'
  AND n.nspname IS DISTINCT FROM pg_catalog.current_schema()
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AND e.objid = n.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname
