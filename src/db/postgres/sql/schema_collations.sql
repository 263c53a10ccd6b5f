-- Collations. Where the locale is kept changed with versions 15 and 17: `absent` as in
-- schema_columns.sql.
SELECT l.*
FROM (SELECT NULL::text AS colliculocale, NULL::text AS colllocale, NULL::text AS collicurules)
        AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            NULL AS parent,
            l.collname AS name,
            CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END AS provider,
            coalesce(colllocale, colliculocale, l.collcollate::text) AS locale,
            CASE WHEN l.collcollate::text <> l.collctype::text THEN l.collctype::text END AS ctype,
            NOT l.collisdeterministic AS nondeterministic,
            collicurules AS rules,
            d.description AS comment
        FROM pg_catalog.pg_collation AS l
            JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = l.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid
        WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid AND e.objid = l.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY n.nspname, l.collname
    ) AS l
