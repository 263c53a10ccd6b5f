-- The history tables of other migration tools that there are: in the database ? or one that is a
-- tool's own.
SELECT TABLE_SCHEMA, TABLE_NAME
FROM information_schema.TABLES
WHERE (TABLE_SCHEMA = ?
       AND TABLE_NAME IN ('schema_migrations', 'atlas_schema_revisions', 'flyway_schema_history',
           '_prisma_migrations', '_sqlx_migrations', 'changes'))
   OR (TABLE_SCHEMA = 'atlas_schema_revisions' AND TABLE_NAME = 'atlas_schema_revisions')
   OR (TABLE_SCHEMA = 'sqitch' AND TABLE_NAME = 'changes')
ORDER BY TABLE_NAME, TABLE_SCHEMA
