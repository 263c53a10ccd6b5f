-- The history tables of other migration tools that there are: in the schema $1 or one that is a
-- tool's own.
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND ((n.nspname = $1
        AND c.relname IN ('schema_migrations', 'goose_db_version', 'atlas_schema_revisions',
            'flyway_schema_history', '_prisma_migrations', '_sqlx_migrations', 'schema_version'))
       OR (n.nspname = 'atlas_schema_revisions' AND c.relname = 'atlas_schema_revisions')
       OR (n.nspname = 'graphile_migrate' AND c.relname = 'migrations')
       OR (n.nspname = 'sqitch' AND c.relname = 'changes'))
ORDER BY c.relname COLLATE "C", n.nspname COLLATE "C"
