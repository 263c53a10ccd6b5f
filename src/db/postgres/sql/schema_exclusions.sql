-- Exclusion constraints.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    c.relname AS parent,
    k.conname AS name,
    pg_catalog.pg_get_constraintdef(k.oid, true) AS definition,
    d.description AS comment,
    (SELECT pg_catalog.string_agg(ia.attname, '_' ORDER BY ia.attnum)
     FROM pg_catalog.pg_attribute AS ia
     WHERE ia.attrelid = k.conindid) AS made
FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = k.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
WHERE k.contype = 'x'
  AND k.conparentid = '0'::pg_catalog.oid
  AND c.relkind IN ('r', 'p')
  AND c.relpersistence <> 't'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, c.relname, definition, k.conname
