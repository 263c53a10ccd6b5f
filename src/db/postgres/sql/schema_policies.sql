-- Policies.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    c.relname AS parent,
    p.polname AS name,
    CASE p.polcmd
        WHEN 'r' THEN 'select'
        WHEN 'a' THEN 'insert'
        WHEN 'w' THEN 'update'
        WHEN 'd' THEN 'delete'
    END AS "for",
    NOT p.polpermissive AS restrictive,
    (SELECT pg_catalog.string_agg(r.rolname, pg_catalog.chr(31) ORDER BY r.rolname)
     FROM pg_catalog.pg_roles AS r
     WHERE r.oid = ANY (p.polroles)) AS roles,
    pg_catalog.pg_get_expr(p.polqual, p.polrelid, true) AS "using",
    pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid, true) AS "check",
    d.description AS comment
FROM pg_catalog.pg_policy AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = p.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence <> 't'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, c.relname, p.polname
