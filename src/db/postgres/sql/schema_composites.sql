-- Composite types.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    t.typname AS name,
    (SELECT pg_catalog.string_agg(
            pg_catalog.concat_ws(' ',
                pg_catalog.quote_ident(a.attname),
                pg_catalog.format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attcollation <> at.typcollation
                    THEN 'COLLATE ' || a.attcollation::pg_catalog.regcollation::text
                END),
            pg_catalog.chr(31) ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute AS a
         JOIN pg_catalog.pg_type AS at ON at.oid = a.atttypid
     WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
    d.description AS comment
FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
WHERE t.typtype = 'c'
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, t.typname
