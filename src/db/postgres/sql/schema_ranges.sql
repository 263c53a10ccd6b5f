-- Range types. `absent` as in schema_columns.sql.
SELECT r.*
FROM (SELECT NULL::pg_catalog.oid AS rngmultitypid) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            NULL AS parent,
            t.typname AS name,
            pg_catalog.format_type(r.rngsubtype, NULL) AS subtype,
            CASE WHEN NOT o.opcdefault THEN pg_catalog.quote_ident(o.opcname) END
                AS "operatorClass",
            CASE WHEN r.rngcollation <> s.typcollation
                THEN r.rngcollation::pg_catalog.regcollation::text
            END AS collation,
            CASE WHEN r.rngcanonical::pg_catalog.oid <> '0'::pg_catalog.oid THEN r.rngcanonical::text END AS canonical,
            CASE WHEN r.rngsubdiff::pg_catalog.oid <> '0'::pg_catalog.oid THEN r.rngsubdiff::text END AS difference,
            pg_catalog.format_type(rngmultitypid, NULL) AS multirange,
            d.description AS comment
        FROM pg_catalog.pg_type AS t
            JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
            JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
            JOIN pg_catalog.pg_type AS s ON s.oid = r.rngsubtype
            JOIN pg_catalog.pg_opclass AS o ON o.oid = r.rngsubopc
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = t.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
        WHERE t.typtype = 'r'
          AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY n.nspname, t.typname
    ) AS r
