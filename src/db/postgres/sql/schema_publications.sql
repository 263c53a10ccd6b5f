-- Publications, with columns and conditions (version 15). Which schemas they are for is taken from what
-- depends on what, since the catalog for it is not in all versions. `absent` as in
-- schema_columns.sql.
SELECT p.*
FROM (SELECT NULL::pg_catalog.int2vector AS prattrs, NULL::pg_catalog.pg_node_tree AS prqual)
        AS absent
    CROSS JOIN LATERAL (
        SELECT NULL AS schema,
            NULL AS parent,
            p.pubname AS name,
            p.puballtables AS "allTables",
            (SELECT pg_catalog.string_agg(t.line, pg_catalog.chr(31) ORDER BY t.line)
             FROM (SELECT pg_catalog.concat(
                           r.prrelid::pg_catalog.regclass::text,
                           (SELECT pg_catalog.concat(' (', pg_catalog.string_agg(
                                   pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum), ')')
                            FROM pg_catalog.pg_attribute AS a
                            WHERE a.attrelid = r.prrelid AND a.attnum = ANY (prattrs)
                            HAVING prattrs IS NOT NULL),
                           ' WHERE ' || pg_catalog.pg_get_expr(prqual, r.prrelid, true)) AS line
                   FROM pg_catalog.pg_publication_rel AS r
                   WHERE r.prpubid = p.oid) AS t) AS tables,
            (SELECT pg_catalog.string_agg(n.nspname, pg_catalog.chr(31) ORDER BY n.nspname)
             FROM pg_catalog.pg_namespace AS n
             WHERE n.oid IN (
                 SELECT e.refobjid
                 FROM pg_catalog.pg_depend AS e
                     JOIN pg_catalog.pg_depend AS up
                         ON up.classid = e.classid AND up.objid = e.objid
                 WHERE e.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
                   AND up.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid
                   AND up.refobjid = p.oid)) AS schemas,
            pg_catalog.concat_ws(pg_catalog.chr(31),
                CASE WHEN p.pubinsert THEN 'insert' END,
                CASE WHEN p.pubupdate THEN 'update' END,
                CASE WHEN p.pubdelete THEN 'delete' END,
                CASE WHEN p.pubtruncate THEN 'truncate' END) AS operations,
            p.pubviaroot AS "viaRoot",
            d.description AS comment
        FROM pg_catalog.pg_publication AS p
            LEFT JOIN pg_catalog.pg_description AS d
                ON d.objoid = p.oid AND d.objsubid = 0
                    AND d.classoid = 'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid
        WHERE $1::text IS NULL
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid AND e.objid = p.oid
                AND e.objsubid = 0 AND e.deptype = 'e')
        ORDER BY p.pubname
    ) AS p
