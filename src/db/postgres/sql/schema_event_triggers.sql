-- Event triggers.
SELECT NULL AS schema,
    NULL AS parent,
    t.evtname AS name,
    t.evtevent AS "on",
    (SELECT pg_catalog.string_agg(g, pg_catalog.chr(31) ORDER BY g)
     FROM pg_catalog.unnest(t.evttags) AS g) AS tags,
    t.evtfoid::pg_catalog.regproc::text AS function,
    CASE t.evtenabled
        WHEN 'D' THEN 'disabled'
        WHEN 'R' THEN 'replica'
        WHEN 'A' THEN 'always'
    END AS enabled,
    d.description AS comment
FROM pg_catalog.pg_event_trigger AS t
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = t.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::pg_catalog.oid
WHERE $1::text IS NULL
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::pg_catalog.oid AND e.objid = t.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY t.evtname
