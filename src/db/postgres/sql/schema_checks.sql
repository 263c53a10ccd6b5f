-- Checks, but for inherited ones. `absent` as in schema_columns.sql.
SELECT k.*
FROM (SELECT true AS conenforced) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            c.relname AS parent,
            k.conname AS name,
            pg_catalog.pg_get_expr(k.conbin, k.conrelid, true) AS expression,
            k.connoinherit AS "noInherit",
            NOT k.convalidated AND conenforced AS "notValid",
            NOT conenforced AS "notEnforced",
            d.description AS comment,
            one.attname AS made
        FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS one
                ON one.attrelid = k.conrelid AND one.attnum = k.conkey[1]
                    AND pg_catalog.cardinality(k.conkey) = 1
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = k.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
        WHERE k.contype = 'c'
          AND k.conislocal
          AND c.relkind IN ('r', 'p', 'f')
          AND c.relpersistence <> 't'
          AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
          AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY n.nspname, c.relname, expression, k.conname
    ) AS k
