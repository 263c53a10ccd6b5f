-- Rules of relations of the kinds $2, but for the query of a view. The definition is what stands behind AS.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    c.relname AS parent,
    r.rulename AS name,
    pg_catalog.btrim(
        pg_catalog.substr(pg_catalog.pg_get_ruledef(r.oid, true),
            pg_catalog.length(pg_catalog.quote_ident(r.rulename))
            + pg_catalog.length('CREATE RULE  AS') + 1),
        pg_catalog.concat(' ;', pg_catalog.chr(10))) AS definition,
    CASE r.ev_enabled
        WHEN 'D' THEN 'disabled'
        WHEN 'R' THEN 'replica'
        WHEN 'A' THEN 'always'
    END AS enabled,
    d.description AS comment
FROM pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = r.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
WHERE r.rulename <> '_RETURN'
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
ORDER BY n.nspname, c.relname, r.rulename
