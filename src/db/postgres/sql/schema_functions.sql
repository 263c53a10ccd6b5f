-- Functions of the kinds $2. The body in standard SQL (version 14), which the server takes apart, is found at the end of
-- the whole definition. `absent` as in schema_columns.sql.
SELECT p.*
FROM (SELECT NULL::text AS prosqlbody) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            NULL AS parent,
            pg_catalog.concat(p.proname, '(', pg_catalog.oidvectortypes(p.proargtypes), ')') AS name,
            nullif(pg_catalog.pg_get_function_arguments(p.oid), '') AS arguments,
            pg_catalog.pg_get_function_result(p.oid) AS returns,
            l.lanname AS language,
            CASE WHEN prosqlbody IS NULL THEN p.prosrc
                ELSE pg_catalog.rtrim(pg_catalog.substring(pg_catalog.pg_get_functiondef(p.oid),
                    '\n(BEGIN ATOMIC.*|RETURN .*)$'), pg_catalog.chr(10))
            END AS body,
            p.probin AS library,
            p.prokind = 'w' AS "window",
            CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END AS volatility,
            p.proisstrict AS strict,
            p.prosecdef AS "securityDefiner",
            p.proleakproof AS leakproof,
            CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
            CASE WHEN p.procost <> CASE WHEN l.lanname IN ('c', 'internal') THEN '1'::float4 ELSE '100' END
                THEN p.procost
            END AS cost,
            CASE WHEN p.proretset AND p.prorows <> '1000'::float4 THEN p.prorows END AS rows,
            CASE WHEN p.prosupport::pg_catalog.oid <> '0'::pg_catalog.oid THEN p.prosupport::text END AS support,
            (SELECT pg_catalog.string_agg(pg_catalog.format_type(y, NULL), pg_catalog.chr(31))
             FROM pg_catalog.unnest(p.protrftypes) AS y) AS transforms,
            pg_catalog.array_to_string(p.proconfig, pg_catalog.chr(31)) AS settings,
            d.description AS comment
        FROM pg_catalog.pg_proc AS p
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = p.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
        WHERE p.prokind = ANY ($2::pg_catalog."char"[])
          AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND e.objid = p.oid
                AND e.objsubid = 0 AND e.deptype IN ('e', 'i'))
        ORDER BY n.nspname, p.proname, name
    ) AS p
