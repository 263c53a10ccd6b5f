-- What goes with the session's temporary objects although it is not one itself: columns of a type that
-- is temporary, or made with one. Their tables show no lock of that, since it happens at COMMIT or
-- later. A row a column, or a table with column 0. What depends on something goes with it, and so
-- does what it is a part of.
WITH RECURSIVE gone (classid, objid, objsubid) AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
      AND d.refobjid = pg_catalog.pg_my_temp_schema()
    UNION
    SELECT n.classid, n.objid, n.objsubid
    FROM gone AS g
        CROSS JOIN LATERAL (
            SELECT d.classid, d.objid, d.objsubid
            FROM pg_catalog.pg_depend AS d
            WHERE d.refclassid = g.classid
              AND d.refobjid = g.objid
              AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)
            UNION ALL
            SELECT d.refclassid, d.refobjid, d.refobjsubid
            FROM pg_catalog.pg_depend AS d
            WHERE d.classid = g.classid
              AND d.objid = g.objid
              AND g.objsubid = 0
              AND d.deptype = 'i') AS n
)
SELECT c.oid, g.objsubid, n.nspname, c.relname,
    (SELECT a.attname
     FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = c.oid AND a.attnum = g.objsubid)
FROM gone AS g
    JOIN pg_catalog.pg_class AS c ON c.oid = g.objid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE g.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
  AND c.relkind IN ('r', 'p', 'm')
  AND c.relpersistence <> 't'
ORDER BY c.oid, g.objsubid
