-- What goes without saying: the default collations of the current database and of the character sets.
SELECT 'collation', '', DEFAULT_COLLATION_NAME
FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()
UNION ALL
SELECT 'character set', CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME
FROM information_schema.CHARACTER_SETS
