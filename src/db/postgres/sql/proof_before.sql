-- What the transaction touched, and as it was before it. A cursor, declared right behind BEGIN and
-- read at the end: catalogs show as they were when it was declared, functions tell what is now. A
-- lock stays listed when its table is dropped, and vanishes with a savepoint that is rolled back.
-- A row a lock; of the server's own relations only those that were written, and advisory locks. The
-- first is marked: locks are listed when the first row is read, so whoever read it before us has
-- hidden some.
-- It is planned for each migration: keep it short. To run it by hand: BEGIN, DECLARE c CURSOR FOR
-- this, change something, FETCH ALL FROM c.
SELECT k.generate_series,
    CASE WHEN k.pid = pg_catalog.pg_backend_pid() THEN k.relation END,
    k.mode,
    c.relkind,
    c.relpersistence,
    (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = c.relnamespace),
    c.relname,
    c.relfilenode <> '0'::pg_catalog.oid AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(k.relation),
    pg_catalog.pg_table_is_visible(k.relation) IS NULL,
    pg_catalog.pg_stat_get_xact_tuples_inserted(k.relation),
    pg_catalog.pg_stat_get_xact_tuples_updated(k.relation),
    pg_catalog.pg_stat_get_xact_tuples_deleted(k.relation),
    CASE WHEN c.relispartition OR c.relkind = 'r'
        THEN (SELECT i.inhparent FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid AND i.inhseqno = 1)
    END,
    c.relpages = 0,
    c.relispopulated,
    CASE WHEN c.relkind IS DISTINCT FROM 'S' THEN NULL
        WHEN pg_catalog.has_sequence_privilege(k.relation, 'SELECT, USAGE')
            THEN pg_catalog.pg_sequence_last_value(k.relation)
    END,
    CASE WHEN c.relkind IN ('r', 'p', 'c')
              AND k.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        THEN (SELECT pg_catalog.string_agg(
                  pg_catalog.concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attgenerated <> '',
                      pg_catalog.replace(a.attname::text, pg_catalog.chr(1), pg_catalog.repeat(pg_catalog.chr(1), 2))),
                  pg_catalog.chr(1))
              FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.oid
                AND a.attnum > 0
                AND NOT a.attisdropped)
    END,
    CASE WHEN k.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        THEN k.relation::pg_catalog.regclass
    END,
    k.locktype,
    k.classid,
    CASE WHEN k.pid = pg_catalog.pg_backend_pid() THEN k.objid END,
    k.objsubid
FROM ROWS FROM (pg_catalog.pg_lock_status(), pg_catalog.generate_series(1, 1)) AS k
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.relation
WHERE (k.pid = pg_catalog.pg_backend_pid()
       AND (k.locktype = 'advisory'
           OR (k.locktype = 'relation' AND (k.relation >= '16384'::pg_catalog.oid OR k.mode = 'RowExclusiveLock'))))
   OR k.generate_series = 1
