-- Aggregates.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    pg_catalog.concat(p.proname, '(', pg_catalog.oidvectortypes(p.proargtypes), ')') AS name,
    nullif(pg_catalog.pg_get_function_arguments(p.oid), '') AS arguments,
    CASE a.aggkind WHEN 'o' THEN 'ordered-set' WHEN 'h' THEN 'hypothetical-set' END AS kind,
    a.aggtransfn::text AS "stateFunction",
    pg_catalog.format_type(a.aggtranstype, NULL) AS "stateType",
    nullif(a.aggtransspace, 0) AS "stateSpace",
    a.agginitval AS initial,
    CASE WHEN a.aggfinalfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggfinalfn::text END AS "finalFunction",
    a.aggfinalextra AS "finalExtra",
    CASE WHEN a.aggfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN
        CASE a.aggfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END
    END AS "finalModify",
    CASE WHEN a.aggcombinefn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggcombinefn::text END AS "combineFunction",
    CASE WHEN a.aggserialfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggserialfn::text END AS "serialFunction",
    CASE WHEN a.aggdeserialfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggdeserialfn::text END AS "deserialFunction",
    CASE WHEN a.aggmtransfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggmtransfn::text END AS "movingStateFunction",
    CASE WHEN a.aggminvtransfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggminvtransfn::text END AS "movingInverseFunction",
    CASE WHEN a.aggmtranstype <> '0'::pg_catalog.oid THEN pg_catalog.format_type(a.aggmtranstype, NULL) END
        AS "movingStateType",
    nullif(a.aggmtransspace, 0) AS "movingStateSpace",
    a.aggminitval AS "movingInitial",
    CASE WHEN a.aggmfinalfn::pg_catalog.oid <> '0'::pg_catalog.oid THEN a.aggmfinalfn::text END AS "movingFinalFunction",
    a.aggmfinalextra AS "movingFinalExtra",
    CASE WHEN a.aggmfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN
        CASE a.aggmfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END
    END AS "movingFinalModify",
    CASE WHEN a.aggsortop <> '0'::pg_catalog.oid THEN a.aggsortop::pg_catalog.regoperator::text END AS "sortOperator",
    CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
    d.description AS comment
FROM pg_catalog.pg_aggregate AS a
    JOIN pg_catalog.pg_proc AS p ON p.oid = a.aggfnoid::pg_catalog.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = p.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
WHERE ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND e.objid = p.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, p.proname, name
