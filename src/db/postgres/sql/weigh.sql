-- How big the table is that a statement means by $2, or $1.$2, with its indexes, about. No row: there
-- is none.
SELECT pg_catalog.pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass(
    pg_catalog.concat(pg_catalog.quote_ident($1::text) || '.', pg_catalog.quote_ident($2::text)))::pg_catalog.oid
