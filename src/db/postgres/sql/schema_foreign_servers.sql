-- Foreign servers. Their options hold no secrets; those of user mappings do, and stay where they are.
SELECT NULL AS schema,
    NULL AS parent,
    s.srvname AS name,
    w.fdwname AS wrapper,
    s.srvtype AS type,
    s.srvversion AS version,
    pg_catalog.array_to_string(s.srvoptions, pg_catalog.chr(31)) AS options,
    d.description AS comment
FROM pg_catalog.pg_foreign_server AS s
    JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = s.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::pg_catalog.oid
WHERE $1::text IS NULL
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::pg_catalog.oid AND e.objid = s.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY s.srvname
