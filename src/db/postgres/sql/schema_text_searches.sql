-- Text search configurations.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    f.cfgname AS name,
    CASE WHEN pn.nspname IN ('pg_catalog', pg_catalog.current_schema())
        THEN pg_catalog.quote_ident(p.prsname)
        ELSE pg_catalog.concat(
            pg_catalog.quote_ident(pn.nspname), '.', pg_catalog.quote_ident(p.prsname))
    END AS parser,
    (SELECT pg_catalog.string_agg(t.line, pg_catalog.chr(31) ORDER BY t.line)
     FROM (SELECT pg_catalog.concat(
                   (SELECT y.alias
                    FROM pg_catalog.ts_token_type(f.cfgparser) AS y
                    WHERE y.tokid = m.maptokentype),
                   ' WITH ',
                   pg_catalog.string_agg(
                       m.mapdict::pg_catalog.regdictionary::text, ', ' ORDER BY m.mapseqno)) AS line
           FROM pg_catalog.pg_ts_config_map AS m
           WHERE m.mapcfg = f.oid
           GROUP BY m.maptokentype) AS t) AS mappings,
    d.description AS comment
FROM pg_catalog.pg_ts_config AS f
    JOIN pg_catalog.pg_namespace AS n ON n.oid = f.cfgnamespace
    JOIN pg_catalog.pg_ts_parser AS p ON p.oid = f.cfgparser
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.prsnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = f.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass::pg_catalog.oid
WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass::pg_catalog.oid AND e.objid = f.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, f.cfgname
