-- Relations as they are: $1 their oids, $2 schemas and $3 names as they were, which find those that
-- have taken the place of one that is gone.
SELECT w.oid,
    c.oid,
    c.relkind,
    c.relpersistence,
    n.nspname,
    c.relname,
    pg_catalog.has_table_privilege(c.oid, 'SELECT')
        AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
        AND NOT pg_catalog.row_security_active(c.oid)
        AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
    -- Columns in which values of its type are kept, also within other types.
    (WITH RECURSIVE made_of (type) AS (
         SELECT c.reltype
         UNION
         SELECT CASE
                 WHEN d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid THEN d.objid
                 ELSE (SELECT r.reltype FROM pg_catalog.pg_class AS r WHERE r.oid = d.objid)
             END
         FROM made_of AS m
             JOIN pg_catalog.pg_depend AS d
                 ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
                     AND d.refobjid = m.type
                     AND (d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
                         OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                             AND d.objsubid > 0))
     )
     SELECT pg_catalog.string_agg(DISTINCT pg_catalog.concat(u.oid, ':', d.objsubid), ' ')
     FROM made_of AS m
         JOIN pg_catalog.pg_depend AS d
             ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
                 AND d.refobjid = m.type
                 AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                 AND d.objsubid > 0
         JOIN pg_catalog.pg_class AS u ON u.oid = d.objid AND u.relkind IN ('r', 'p', 'm', 'f')),
    CASE
        WHEN c.relkind <> 'S' THEN NULL
        WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE')
            THEN pg_catalog.pg_sequence_last_value(c.oid)
    END,
    (SELECT pg_catalog.string_agg(
         pg_catalog.concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attgenerated <> '',
             pg_catalog.replace(a.attname::text, pg_catalog.chr(1), pg_catalog.repeat(pg_catalog.chr(1), 2))),
         pg_catalog.chr(1))
     FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = c.oid
       AND a.attnum > 0
       AND NOT a.attisdropped)
FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.oid[]),
        pg_catalog.unnest($2::text[]),
        pg_catalog.unnest($3::text[])
    ) AS w (oid, schema, name)
    JOIN pg_catalog.pg_class AS c
        ON c.oid = coalesce(
            (SELECT o.oid FROM pg_catalog.pg_class AS o WHERE o.oid = w.oid),
            (SELECT o.oid
             FROM pg_catalog.pg_class AS o
                 JOIN pg_catalog.pg_namespace AS s ON s.oid = o.relnamespace
             WHERE s.nspname = w.schema
               AND o.relname = w.name))
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
