-- Extensions, but for plpgsql, which comes with every database.
SELECT NULL AS schema,
    NULL AS parent,
    x.extname AS name,
    x.extversion AS version,
    nullif(n.nspname, pg_catalog.current_schema()) AS "inSchema"
FROM pg_catalog.pg_extension AS x
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.extnamespace
WHERE $1::text IS NULL
  AND x.extname <> 'plpgsql'
ORDER BY x.extname
