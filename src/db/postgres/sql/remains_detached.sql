-- The table $4, or $3.$4, as a partition of the table $2, or $1.$2: whether it is still one, whether it
-- is half detached (since version 14), and both names. No row: one of them is not there.
SELECT i.inhrelid IS NOT NULL,
    pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true',
    pg_catalog.format('%I.%I', pn.nspname, p.relname),
    pg_catalog.format('%I.%I', tn.nspname, t.relname)
FROM pg_catalog.pg_class AS p
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
    CROSS JOIN pg_catalog.pg_class AS t
    JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = p.oid AND i.inhparent = t.oid
WHERE t.oid = pg_catalog.to_regclass(pg_catalog.concat(
        pg_catalog.quote_ident($1::text) || '.', pg_catalog.quote_ident($2::text)))::pg_catalog.oid
  AND p.oid = pg_catalog.to_regclass(pg_catalog.concat(
        pg_catalog.quote_ident($3::text) || '.', pg_catalog.quote_ident($4::text)))::pg_catalog.oid
