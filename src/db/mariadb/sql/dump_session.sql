-- How a session reads what a dump holds: as the head of the dump has it for who reads that.
SET SESSION sql_mode = '', SESSION time_zone = '+00:00', NAMES utf8mb4,
    SESSION sql_quote_show_create = 1
