-- Domains. A check has its name where it is not the one it gets by itself.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    t.typname AS name,
    pg_catalog.format_type(t.typbasetype, t.typtypmod) AS type,
    t.typnotnull AS "notNull",
    pg_catalog.pg_get_expr(t.typdefaultbin, 0, true) AS "default",
    CASE WHEN t.typcollation <> b.typcollation
        THEN t.typcollation::pg_catalog.regcollation::text
    END AS collation,
    (SELECT pg_catalog.string_agg(
            pg_catalog.concat(
                CASE WHEN pg_catalog.rtrim(k.conname::text, '0123456789')
                        <> pg_catalog.concat(t.typname, '_check')
                    THEN pg_catalog.concat('CONSTRAINT ', pg_catalog.quote_ident(k.conname), ' ')
                END,
                pg_catalog.pg_get_constraintdef(k.oid, true)),
            pg_catalog.chr(31) ORDER BY pg_catalog.pg_get_constraintdef(k.oid, true), k.conname)
     FROM pg_catalog.pg_constraint AS k
     WHERE k.contypid = t.oid AND k.contype = 'c') AS checks,
    d.description AS comment
FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
WHERE t.typtype = 'd'
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, t.typname
