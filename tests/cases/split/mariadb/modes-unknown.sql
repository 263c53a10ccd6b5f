SELECT 1;
SET sql_mode = @somewhere;
