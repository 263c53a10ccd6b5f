-- Triggers of relations of the kinds $2, but for those of constraints and those that are a partition's part of its
-- parent's. The definition is what stands behind the name.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    c.relname AS parent,
    t.tgname AS name,
    t.tgconstraint <> '0'::pg_catalog.oid AS "constraint",
    pg_catalog.substr(pg_catalog.pg_get_triggerdef(t.oid, true),
        pg_catalog.length(CASE WHEN t.tgconstraint <> '0'::pg_catalog.oid
            THEN 'CREATE CONSTRAINT TRIGGER ' ELSE 'CREATE TRIGGER ' END)
        + pg_catalog.length(pg_catalog.quote_ident(t.tgname)) + 2) AS definition,
    CASE t.tgenabled
        WHEN 'D' THEN 'disabled'
        WHEN 'R' THEN 'replica'
        WHEN 'A' THEN 'always'
    END AS enabled,
    d.description AS comment
FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid
WHERE NOT t.tgisinternal
  AND t.tgparentid = '0'::pg_catalog.oid
  AND c.relkind = ANY ($2::pg_catalog."char"[])
  AND c.relpersistence <> 't'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, c.relname, t.tgname
