-- Columns of the tables, in their order. What a server of an older version lacks is taken from
-- `absent`: a name inside LATERAL is looked for among the tables there first. A serial column is
-- one whose sequence is as `serial` makes it. The option pg_attver is no one's choice: later minor
-- versions (15.20) stamp columns with it when they are made, and pg_dump leaves it out, too. Of a
-- default that names no column, as all are but those of generated ones, the server need not know
-- the table, and looks at none: with thousands of tables that halves the time.
WITH defaults AS MATERIALIZED (
    SELECT ad.adrelid, ad.adnum,
        pg_catalog.pg_get_expr(ad.adbin,
            CASE WHEN pg_catalog.strpos(ad.adbin::text, '{VAR ') > 0 THEN ad.adrelid ELSE 0 END,
            true) AS text
    FROM pg_catalog.pg_attrdef AS ad
)
SELECT a.*
FROM (SELECT ''::"char" AS attcompression) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            c.relname AS parent,
            a.attname AS name,
            CASE WHEN s.serial THEN
                CASE a.atttypid
                    WHEN 'pg_catalog.int2'::pg_catalog.regtype::pg_catalog.oid THEN 'smallserial'
                    WHEN 'pg_catalog.int4'::pg_catalog.regtype::pg_catalog.oid THEN 'serial'
                    ELSE 'bigserial'
                END
                ELSE pg_catalog.format_type(a.atttypid, a.atttypmod)
            END AS type,
            a.attnotnull AS "notNull",
            CASE WHEN a.attgenerated = '' AND s.serial IS NOT TRUE THEN v.text END AS "default",
            CASE WHEN a.attgenerated <> '' THEN v.text END AS generated,
            a.attgenerated = 's' AS stored,
            CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
            CASE WHEN a.attidentity <> '' THEN
                nullif(pg_catalog.concat_ws(' ',
                    CASE WHEN s.relname::text <> pg_catalog.concat(c.relname, '_', a.attname, '_seq')
                        THEN 'SEQUENCE NAME ' || s.quoted
                    END,
                    s.options), '')
            END AS sequence,
            CASE WHEN a.attcollation <> t.typcollation
                THEN a.attcollation::pg_catalog.regcollation::text
            END AS collation,
            CASE WHEN a.attstorage <> t.typstorage THEN
                CASE a.attstorage
                    WHEN 'p' THEN 'plain'
                    WHEN 'e' THEN 'external'
                    WHEN 'm' THEN 'main'
                    ELSE 'extended'
                END
            END AS storage,
            CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
            nullif(a.attstattarget, -1) AS statistics,
            CASE WHEN pg_catalog.cardinality(a.attoptions) > 1
                    OR NOT pg_catalog.starts_with(a.attoptions[1], 'pg_attver=') THEN
                (SELECT pg_catalog.string_agg(o, pg_catalog.chr(31))
                 FROM pg_catalog.unnest(a.attoptions) AS o
                 WHERE NOT pg_catalog.starts_with(o, 'pg_attver='))
            END AS options,
            pg_catalog.array_to_string(a.attfdwoptions, pg_catalog.chr(31)) AS "foreignOptions",
            k.text AS "notNullConstraint",
            d.description AS comment
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN defaults AS v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
            LEFT JOIN (
                SELECT o.refobjid, o.refobjsubid, sc.relname, o.options,
                    pg_catalog.quote_ident(sc.relname) AS quoted,
                    o.deptype = 'a' AND o.options = '' AND sc.relpersistence = oc.relpersistence
                        AND sc.relnamespace = oc.relnamespace AND oa.attnotnull
                        AND o.seqtypid = oa.atttypid AND oa.attidentity = ''
                        AND sc.relname::text
                            = pg_catalog.concat(oc.relname, '_', oa.attname, '_seq')
                        AND od.text = pg_catalog.concat('nextval(', pg_catalog.quote_literal(
                                  o.objid::pg_catalog.regclass::text), '::regclass)') AS serial
                FROM (SELECT dep.objid, dep.refobjid, dep.refobjsubid, dep.deptype, q.seqtypid,
                          pg_catalog.concat_ws(' ',
                              CASE WHEN q.seqtypid <> 'pg_catalog.int8'::pg_catalog.regtype::pg_catalog.oid
                                      AND dep.deptype = 'i' AND q.seqtypid <> ia.atttypid
                                  THEN 'AS ' || pg_catalog.format_type(q.seqtypid, NULL)
                              END,
                              CASE WHEN q.seqstart <> CASE WHEN q.seqincrement > 0
                                      THEN q.seqmin ELSE q.seqmax END
                                  THEN 'START WITH ' || q.seqstart::text
                              END,
                              CASE WHEN q.seqincrement <> 1
                                  THEN 'INCREMENT BY ' || q.seqincrement::text
                              END,
                              CASE WHEN q.seqmin <> CASE WHEN q.seqincrement > 0
                                      THEN 1 ELSE m.least END
                                  THEN 'MINVALUE ' || q.seqmin::text
                              END,
                              CASE WHEN q.seqmax <> CASE WHEN q.seqincrement > 0
                                      THEN m.most ELSE -1 END
                                  THEN 'MAXVALUE ' || q.seqmax::text
                              END,
                              CASE WHEN q.seqcache <> 1 THEN 'CACHE ' || q.seqcache::text END,
                              CASE WHEN q.seqcycle THEN 'CYCLE' END) AS options
                      FROM pg_catalog.pg_depend AS dep
                          JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = dep.objid
                          JOIN pg_catalog.pg_attribute AS ia
                              ON ia.attrelid = dep.refobjid AND ia.attnum = dep.refobjsubid
                          JOIN (VALUES
                              ('pg_catalog.int2'::pg_catalog.regtype::pg_catalog.oid, '-32768'::int8, '32767'::int8),
                              ('pg_catalog.int4'::pg_catalog.regtype::pg_catalog.oid, '-2147483648', '2147483647'),
                              ('pg_catalog.int8'::pg_catalog.regtype::pg_catalog.oid,
                                  '-9223372036854775808', '9223372036854775807')
                          ) AS m (type, least, most) ON m.type = q.seqtypid
                      WHERE dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                        AND dep.objsubid = 0
                        AND dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                        AND dep.refobjsubid > 0
                        AND dep.deptype IN ('a', 'i')) AS o
                    JOIN pg_catalog.pg_class AS sc ON sc.oid = o.objid
                    JOIN pg_catalog.pg_class AS oc ON oc.oid = o.refobjid
                    JOIN pg_catalog.pg_attribute AS oa
                        ON oa.attrelid = o.refobjid AND oa.attnum = o.refobjsubid
                    LEFT JOIN defaults AS od
                        ON od.adrelid = o.refobjid AND od.adnum = o.refobjsubid
                WHERE o.deptype = 'i' OR od.text IS NOT NULL
            ) AS s ON s.refobjid = a.attrelid AND s.refobjsubid = a.attnum
                AND (s.serial OR a.attidentity <> '')
            LEFT JOIN (
                SELECT con.conrelid, con.conkey[1] AS attnum,
                    nullif(pg_catalog.concat_ws(' ',
                        CASE WHEN con.conname::text <> pg_catalog.concat(
                                nc.relname, '_', na.attname, '_not_null')
                            THEN pg_catalog.quote_ident(con.conname)
                        END,
                        CASE WHEN con.connoinherit THEN 'NO INHERIT' END,
                        CASE WHEN NOT con.convalidated THEN 'NOT VALID' END), '') AS text
                FROM pg_catalog.pg_constraint AS con
                    JOIN pg_catalog.pg_class AS nc ON nc.oid = con.conrelid
                    JOIN pg_catalog.pg_attribute AS na
                        ON na.attrelid = con.conrelid AND na.attnum = con.conkey[1]
                WHERE con.contype = 'n' AND con.conislocal
            ) AS k ON k.conrelid = a.attrelid AND k.attnum = a.attnum
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = c.oid AND d.objsubid = a.attnum
                    AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        WHERE a.attnum > 0
          AND NOT a.attisdropped
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
        ORDER BY c.oid, a.attnum
    ) AS a
