-- What REINDEX CONCURRENTLY of the index or table $2, or $1.$2, left of new or old indexes: on it, its
-- partitions and what is TOASTed. How many, their names, and the statements that drop them.
WITH RECURSIVE subject (oid) AS (
    SELECT pg_catalog.to_regclass(pg_catalog.concat(
        pg_catalog.quote_ident($1::text) || '.', pg_catalog.quote_ident($2::text)))::pg_catalog.oid
), tables (oid) AS (
    SELECT coalesce((SELECT i.indrelid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = s.oid), s.oid)
    FROM subject AS s
    UNION
    SELECT h.inhrelid
    FROM tables AS t
        JOIN pg_catalog.pg_inherits AS h ON h.inhparent = t.oid
        JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid AND c.relispartition
)
SELECT pg_catalog.count(*),
    pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid),
    pg_catalog.string_agg(
        pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname), '; ' ORDER BY c.oid)
FROM pg_catalog.pg_class AS w
    JOIN pg_catalog.pg_index AS i ON i.indrelid IN (w.oid, w.reltoastrelid) AND NOT i.indisvalid
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relname::text ~ '_cc(new|old)[0-9]*$'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE w.oid IN (SELECT t.oid FROM tables AS t)
