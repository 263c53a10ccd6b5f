-- Primary keys, but for those of partitions that are the parent's. `absent` as in schema_columns.sql.
SELECT k.*
FROM (SELECT false AS conperiod, false AS indnullsnotdistinct) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            c.relname AS parent,
            k.conname AS name,
            k.conname AS "name as an attribute",
            CASE WHEN one.attname IS NOT NULL THEN pg_catalog.quote_ident(one.attname)
                ELSE
            (SELECT pg_catalog.string_agg(
                    pg_catalog.quote_ident(ka.attname), pg_catalog.chr(31) ORDER BY p.place)
             FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS p (attnum, place)
                 JOIN pg_catalog.pg_attribute AS ka
                     ON ka.attrelid = k.conrelid AND ka.attnum = p.attnum)
            END AS columns,
            CASE WHEN x.indnatts > x.indnkeyatts THEN
                (SELECT pg_catalog.string_agg(ia.attname, pg_catalog.chr(31) ORDER BY ia.attnum)
                 FROM pg_catalog.pg_attribute AS ia
                 WHERE ia.attrelid = x.indexrelid AND ia.attnum > x.indnkeyatts)
            END AS include,
            conperiod AS "withoutOverlaps",
            pg_catalog.array_to_string(xc.reloptions, pg_catalog.chr(31)) AS options,
            CASE WHEN k.condeferred THEN 'initially deferred'
                WHEN k.condeferrable THEN 'deferrable'
            END AS deferrable,
            d.description AS comment,
            CASE WHEN one.attname IS NOT NULL AND x.indnatts = 1 THEN one.attname
                ELSE
            (SELECT pg_catalog.string_agg(ia.attname, '_' ORDER BY ia.attnum)
             FROM pg_catalog.pg_attribute AS ia
             WHERE ia.attrelid = k.conindid)
            END AS made
        FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS one
                ON one.attrelid = k.conrelid AND one.attnum = k.conkey[1]
                    AND pg_catalog.cardinality(k.conkey) = 1
            JOIN pg_catalog.pg_index AS x ON x.indexrelid = k.conindid
            JOIN pg_catalog.pg_class AS xc ON xc.oid = k.conindid
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = k.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
        WHERE k.contype = 'p'
          AND k.conparentid = '0'::pg_catalog.oid
          AND c.relkind IN ('r', 'p')
          AND c.relpersistence <> 't'
          AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
          AND ($1::text IS NULL OR pg_catalog.starts_with(n.nspname::text, $1))
          AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND e.objid = c.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY n.nspname, c.relname, k.conkey, k.conname
    ) AS k
