/*!80000 SET sql_mode = 'ANSI_QUOTES' */;
