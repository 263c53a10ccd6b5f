-- Foreign keys, but for those of partitions that are the parent's. `absent` as in
-- schema_columns.sql.
SELECT k.*
FROM (SELECT true AS conenforced, false AS conperiod, NULL::int2[] AS confdelsetcols) AS absent
    CROSS JOIN LATERAL (
        SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
            c.relname AS parent,
            k.conname AS name,
            CASE WHEN one.attname IS NOT NULL THEN one.attname
                ELSE
            (SELECT pg_catalog.string_agg(ka.attname, pg_catalog.chr(31) ORDER BY p.place)
             FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS p (attnum, place)
                 JOIN pg_catalog.pg_attribute AS ka
                     ON ka.attrelid = k.conrelid AND ka.attnum = p.attnum)
            END AS columns,
            rc.relname AS "references",
            CASE WHEN rc.relnamespace <> c.relnamespace THEN rn.nspname END AS "referencesSchema",
            CASE WHEN one.attname IS NOT NULL THEN other.attname
                ELSE
            (SELECT pg_catalog.string_agg(ka.attname, pg_catalog.chr(31) ORDER BY p.place)
             FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS p (attnum, place)
                 JOIN pg_catalog.pg_attribute AS ka
                     ON ka.attrelid = k.confrelid AND ka.attnum = p.attnum)
            END AS "referencedColumns",
            conperiod AS period,
            CASE k.confupdtype
                WHEN 'r' THEN 'restrict'
                WHEN 'c' THEN 'cascade'
                WHEN 'n' THEN 'set null'
                WHEN 'd' THEN 'set default'
            END AS "onUpdate",
            CASE k.confdeltype
                WHEN 'r' THEN 'restrict'
                WHEN 'c' THEN 'cascade'
                WHEN 'n' THEN 'set null'
                WHEN 'd' THEN 'set default'
            END AS "onDelete",
            CASE WHEN confdelsetcols IS NOT NULL THEN
            (SELECT pg_catalog.string_agg(ka.attname, pg_catalog.chr(31) ORDER BY p.place)
             FROM pg_catalog.unnest(confdelsetcols) WITH ORDINALITY AS p (attnum, place)
                 JOIN pg_catalog.pg_attribute AS ka
                     ON ka.attrelid = k.conrelid AND ka.attnum = p.attnum)
            END AS "onDeleteColumns",
            CASE k.confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' END AS match,
            CASE WHEN k.condeferred THEN 'initially deferred'
                WHEN k.condeferrable THEN 'deferrable'
            END AS deferrable,
            NOT k.convalidated AND conenforced AS "notValid",
            NOT conenforced AS "notEnforced",
            d.description AS comment,
            CASE WHEN one.attname IS NOT NULL THEN one.attname
                ELSE
            (SELECT pg_catalog.string_agg(ka.attname, '_' ORDER BY p.place)
             FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS p (attnum, place)
                 JOIN pg_catalog.pg_attribute AS ka
                     ON ka.attrelid = k.conrelid AND ka.attnum = p.attnum)
            END AS made
        FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS one
                ON one.attrelid = k.conrelid AND one.attnum = k.conkey[1]
                    AND pg_catalog.cardinality(k.conkey) = 1
            LEFT JOIN pg_catalog.pg_attribute AS other
                ON other.attrelid = k.confrelid AND other.attnum = k.confkey[1]
            JOIN pg_catalog.pg_class AS rc ON rc.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = k.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
        WHERE k.contype = 'f'
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
