-- Text search dictionaries.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    t.dictname AS name,
    CASE WHEN mn.nspname IN ('pg_catalog', pg_catalog.current_schema())
        THEN pg_catalog.quote_ident(m.tmplname)
        ELSE pg_catalog.concat(
            pg_catalog.quote_ident(mn.nspname), '.', pg_catalog.quote_ident(m.tmplname))
    END AS template,
    t.dictinitoption AS options,
    d.description AS comment
FROM pg_catalog.pg_ts_dict AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.dictnamespace
    JOIN pg_catalog.pg_ts_template AS m ON m.oid = t.dicttemplate
    JOIN pg_catalog.pg_namespace AS mn ON mn.oid = m.tmplnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::pg_catalog.oid
WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, t.dictname
