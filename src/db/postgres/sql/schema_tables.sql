-- Tables, partitions and foreign tables. $1: only schemas whose names begin so; NULL: all.
-- The same holds for every schema_*.sql: first schema (NULL: the current one), parent and name, then
-- the attributes of the kind in the order of kinds.c, then what db-entry would have to know else.
-- Names are read qualified where the search path, which is the current schema alone, needs it.
SELECT nullif(n.nspname, pg_catalog.current_schema()) AS schema,
    NULL AS parent,
    c.relname AS name,
    CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS "partitionBy",
    CASE WHEN c.relispartition THEN
        (SELECT i.inhparent::pg_catalog.regclass::text
         FROM pg_catalog.pg_inherits AS i
         WHERE i.inhrelid = c.oid)
    END AS "partitionOf",
    CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid, true) END AS bound,
    CASE WHEN NOT c.relispartition THEN
        (SELECT pg_catalog.string_agg(
                i.inhparent::pg_catalog.regclass::text, pg_catalog.chr(31) ORDER BY i.inhseqno)
         FROM pg_catalog.pg_inherits AS i
         WHERE i.inhrelid = c.oid)
    END AS inherits,
    CASE WHEN c.reloftype <> '0'::pg_catalog.oid THEN pg_catalog.format_type(c.reloftype, NULL) END AS "ofType",
    c.relpersistence = 'u' AS unlogged,
    (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = c.relam AND m.amname <> 'heap')
        AS "accessMethod",
    pg_catalog.array_to_string(
        pg_catalog.array_cat(c.reloptions, ARRAY(SELECT pg_catalog.concat('toast.', o)
                                                 FROM pg_catalog.unnest(t.reloptions) AS o)),
        pg_catalog.chr(31)) AS options,
    c.relrowsecurity AS "rowSecurity",
    c.relforcerowsecurity AS "forceRowSecurity",
    CASE c.relreplident
        WHEN 'f' THEN 'full'
        WHEN 'n' THEN 'nothing'
        WHEN 'i' THEN pg_catalog.concat('index ', (
            SELECT ic.relname
            FROM pg_catalog.pg_index AS x
                JOIN pg_catalog.pg_class AS ic ON ic.oid = x.indexrelid
            WHERE x.indrelid = c.oid AND x.indisreplident))
    END AS "replicaIdentity",
    s.srvname AS server,
    pg_catalog.array_to_string(f.ftoptions, pg_catalog.chr(31)) AS "foreignOptions",
    d.description AS comment
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL
    LEFT JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
    LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
    LEFT JOIN pg_catalog.pg_description AS d
        ON d.objoid = c.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
WHERE c.relkind IN ('r', 'p', 'f')
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
