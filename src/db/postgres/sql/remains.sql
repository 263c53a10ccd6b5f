-- The index $3 of the table $2, or $1.$2, and whether it is valid; without a name those that are not.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid
FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indrelid = pg_catalog.to_regclass(pg_catalog.concat(
        pg_catalog.quote_ident($1::text) || '.', pg_catalog.quote_ident($2::text)))::pg_catalog.oid
  AND CASE WHEN $3::text IS NULL THEN NOT i.indisvalid ELSE c.relname = $3::text END
