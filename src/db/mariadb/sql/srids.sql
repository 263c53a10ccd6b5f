-- The one thing about a column that the text of a MariaDB table does not tell.
SELECT F_TABLE_NAME AS catalog_srid, G_GEOMETRY_COLUMN, SRID
FROM information_schema.GEOMETRY_COLUMNS
WHERE F_TABLE_SCHEMA = DATABASE() AND SRID <> 0
ORDER BY F_TABLE_NAME, G_GEOMETRY_COLUMN
