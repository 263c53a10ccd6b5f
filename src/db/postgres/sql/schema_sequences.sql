-- Sequences that are not part of an identity or serial column (schema_columns.sql knows those). Their
-- values are data.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    c.relname AS name,
    CASE WHEN q.seqtypid <> 'pg_catalog.int8'::pg_catalog.regtype::pg_catalog.oid
        THEN pg_catalog.format_type(q.seqtypid, NULL)
    END AS type,
    CASE WHEN q.seqstart <> CASE WHEN q.seqincrement > 0 THEN q.seqmin ELSE q.seqmax END
        THEN q.seqstart
    END AS start,
    nullif(q.seqincrement, 1) AS increment,
    CASE WHEN q.seqmin <> CASE WHEN q.seqincrement > 0 THEN 1 ELSE m.least END
        THEN q.seqmin
    END AS minimum,
    CASE WHEN q.seqmax <> CASE WHEN q.seqincrement > 0 THEN m.most ELSE -1 END
        THEN q.seqmax
    END AS maximum,
    nullif(q.seqcache, 1) AS cache,
    q.seqcycle AS cycle,
    c.relpersistence = 'u' AS unlogged,
    CASE WHEN o.refobjid IS NOT NULL THEN
        pg_catalog.concat(
            o.refobjid::pg_catalog.regclass::text, '.', pg_catalog.quote_ident(oa.attname))
    END AS "ownedBy",
    d.description AS comment
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = c.oid
    JOIN (VALUES
        ('pg_catalog.int2'::pg_catalog.regtype::pg_catalog.oid, '-32768'::int8, '32767'::int8),
        ('pg_catalog.int4'::pg_catalog.regtype::pg_catalog.oid, '-2147483648', '2147483647'),
        ('pg_catalog.int8'::pg_catalog.regtype::pg_catalog.oid, '-9223372036854775808', '9223372036854775807')
    ) AS m (type, least, most) ON m.type = q.seqtypid
    LEFT JOIN pg_catalog.pg_depend AS o
        ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND o.objid = c.oid
            AND o.objsubid = 0 AND o.refclassid = o.classid AND o.refobjsubid > 0
            AND o.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_attribute AS oa
        ON oa.attrelid = o.refobjid AND oa.attnum = o.refobjsubid
    LEFT JOIN pg_catalog.pg_class AS oc ON oc.oid = o.refobjid
    LEFT JOIN pg_catalog.pg_attrdef AS od
        ON od.adrelid = o.refobjid AND od.adnum = o.refobjsubid
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = c.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
WHERE o.deptype IS DISTINCT FROM 'i'
  AND (q.seqstart <> 1 OR q.seqincrement <> 1 OR q.seqmin <> 1 OR q.seqmax <> m.most
       OR q.seqcache <> 1 OR q.seqcycle OR d.description IS NOT NULL
       OR (oa.attnotnull AND q.seqtypid = oa.atttypid AND oa.attidentity = ''
           AND c.relnamespace = oc.relnamespace AND c.relpersistence = oc.relpersistence
           AND c.relname::text = pg_catalog.concat(oc.relname, '_', oa.attname, '_seq')
           AND pg_catalog.pg_get_expr(od.adbin, od.adrelid, true)
               = pg_catalog.concat('nextval(', pg_catalog.quote_literal(
                     c.oid::pg_catalog.regclass::text), '::regclass)')) IS NOT TRUE)
  AND c.relkind IN ('S')
  AND c.relpersistence <> 't'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
  AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS e
      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
        AND e.objsubid = 0 AND e.deptype = 'e')
ORDER BY n.nspname, c.relname
