SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES');
