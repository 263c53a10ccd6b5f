-- Materialized views. Whether they are filled is data.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    c.relname AS name,
    pg_catalog.btrim(pg_catalog.pg_get_viewdef(c.oid, true), ' ;') AS query,
    (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = c.relam AND m.amname <> 'heap')
        AS "accessMethod",
    pg_catalog.array_to_string(c.reloptions, pg_catalog.chr(31)) AS options,
    d.description AS comment
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = c.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
WHERE c.relkind IN ('m')
  AND c.relpersistence <> 't'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, c.relname
