SET @m = @@sql_mode;
CALL p(@m);
SET sql_mode = @m;
