-- The table that a statement means by $2, or $1.$2: how it is written, and whether all its rows can
-- be seen by reading it. No row: there is none. A name may stand in quotes or not: both are found.
SELECT c.oid::pg_catalog.regclass,
    c.relkind IN ('r', 'p') AND NOT pg_catalog.row_security_active(c.oid)
        AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class AS c
WHERE c.oid IN (
    SELECT pg_catalog.to_regclass(pg_catalog.concat(pg_catalog.quote_ident(s.name) || '.',
        pg_catalog.quote_ident(t.name)))::pg_catalog.oid
    FROM (VALUES ($1::text), (pg_catalog.lower($1::text))) AS s (name),
        (VALUES ($2::text), (pg_catalog.lower($2::text))) AS t (name))
