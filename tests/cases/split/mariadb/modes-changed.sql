SET @m = @@sql_mode;
SET @m = 'ANSI_QUOTES';
SET sql_mode = @m;
