-- Enums with their labels in order.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    t.typname AS name,
    (SELECT pg_catalog.string_agg(e.enumlabel, pg_catalog.chr(31) ORDER BY e.enumsortorder)
     FROM pg_catalog.pg_enum AS e
     WHERE e.enumtypid = t.oid) AS "values",
    d.description AS comment
FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
WHERE t.typtype = 'e'
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, t.typname
