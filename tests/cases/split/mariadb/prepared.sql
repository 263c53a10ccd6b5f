SET @sql = (SELECT IF(COUNT(*) > 0, 'SELECT 1', 'ALTER TABLE a ADD COLUMN c INT') FROM information_schema.columns);
PREPARE s FROM @sql;
EXECUTE s;
DEALLOCATE PREPARE s;
