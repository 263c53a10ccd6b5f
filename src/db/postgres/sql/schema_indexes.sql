-- Indexes of relations of the kinds $2, but for those of constraints and those that are a partition's part of
-- its parent's. Where the columns are more than plain names, all of CREATE INDEX is in their place,
-- for db-entry to take them from. `absent` as in schema_columns.sql.
SELECT x.*
FROM (SELECT false AS indnullsnotdistinct) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            c.relname AS parent,
            xc.relname AS name,
            x.indisunique AS "unique",
            nullif(am.amname, 'btree') AS method,
            CASE WHEN x.indnkeyatts = 1 AND x.indoption[0] = 0 AND o1.opcdefault
                    AND i1.attcollation = k1.attcollation AND i1.attoptions IS NULL
                THEN pg_catalog.quote_ident(k1.attname)
                ELSE coalesce(
                    (SELECT pg_catalog.string_agg(
                            pg_catalog.concat(pg_catalog.quote_ident(ka.attname),
                                CASE x.indoption[p.place]
                                    WHEN 1 THEN ' DESC NULLS LAST'
                                    WHEN 2 THEN ' NULLS FIRST'
                                    WHEN 3 THEN ' DESC'
                                END), pg_catalog.chr(31)
                            ORDER BY p.place) AS columns
                     FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS p (place)
                         JOIN pg_catalog.pg_attribute AS ka
                             ON ka.attrelid = x.indrelid AND ka.attnum = x.indkey[p.place]
                         JOIN pg_catalog.pg_attribute AS ia
                             ON ia.attrelid = x.indexrelid AND ia.attnum = p.place + 1
                         JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[p.place]
                     WHERE x.indexprs IS NULL
                     HAVING pg_catalog.bool_and(o.opcdefault
                         AND ia.attcollation = ka.attcollation AND ia.attoptions IS NULL)),
                    pg_catalog.pg_get_indexdef(x.indexrelid, 0, true))
            END AS columns,
            CASE WHEN x.indnatts > x.indnkeyatts THEN
                (SELECT pg_catalog.string_agg(ia.attname, pg_catalog.chr(31) ORDER BY ia.attnum)
                 FROM pg_catalog.pg_attribute AS ia
                 WHERE ia.attrelid = x.indexrelid AND ia.attnum > x.indnkeyatts)
            END AS include,
            indnullsnotdistinct AS "nullsNotDistinct",
            CASE WHEN x.indpred IS NOT NULL
                THEN pg_catalog.pg_get_expr(x.indpred, x.indrelid, true)
            END AS "where",
            pg_catalog.array_to_string(xc.reloptions, pg_catalog.chr(31)) AS options,
            NOT x.indisvalid AS invalid,
            d.description AS comment,
            CASE WHEN x.indnatts = 1 THEN i1.attname
                ELSE
            (SELECT pg_catalog.string_agg(ia.attname, '_' ORDER BY ia.attnum)
             FROM pg_catalog.pg_attribute AS ia
             WHERE ia.attrelid = x.indexrelid)
            END AS made
        FROM pg_catalog.pg_index AS x
            JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
            JOIN pg_catalog.pg_am AS am ON am.oid = xc.relam
            JOIN pg_catalog.pg_attribute AS i1 ON i1.attrelid = x.indexrelid AND i1.attnum = 1
            JOIN pg_catalog.pg_opclass AS o1 ON o1.oid = x.indclass[0]
            LEFT JOIN pg_catalog.pg_attribute AS k1
                ON k1.attrelid = x.indrelid AND k1.attnum = x.indkey[0]
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = xc.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        WHERE NOT xc.relispartition
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_constraint AS k
              WHERE k.conindid = x.indexrelid AND k.conrelid = x.indrelid
                AND k.contype IN ('p', 'u', 'x'))
          AND c.relkind = ANY ($2::pg_catalog."char"[])
          AND c.relpersistence <> 't'
          AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
          AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY n.nspname, c.relname, columns, xc.relname
    ) AS x
