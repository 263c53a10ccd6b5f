-- Extended statistics. The definition is what stands behind the name.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    x.stxname AS name,
    pg_catalog.substr(pg_catalog.pg_get_statisticsobjdef(x.oid),
        pg_catalog.length(pg_catalog.concat('CREATE STATISTICS ', pg_catalog.quote_ident(n.nspname),
            '.', pg_catalog.quote_ident(x.stxname))) + 2) AS definition,
    nullif(x.stxstattarget, -1) AS target,
    d.description AS comment
FROM pg_catalog.pg_statistic_ext AS x
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.stxnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = x.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::pg_catalog.oid
WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::pg_catalog.oid AND e.objid = x.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, x.stxname
