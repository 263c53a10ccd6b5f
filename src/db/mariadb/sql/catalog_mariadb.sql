-- The catalog of the current database, at once: SHOW CREATE of each table, view and routine, a
-- result each, is several times as fast as information_schema, which opens all tables for each of
-- its views, and tells more. Our own tables are left out. A hundred are shown by one block, since to
-- prepare a statement takes longer than to show a table. Which are sequences is not asked, since all
-- tables would be opened for it: their texts say so, and temporary ones' texts too.
-- To run it by hand: DELIMITER // in the client.
BEGIN NOT ATOMIC
    SET @db_entry_sql_mode = COALESCE(@db_entry_sql_mode, @@SESSION.sql_mode),
        @db_entry_concat = @@SESSION.group_concat_max_len;
    SET SESSION sql_mode = '', SESSION sql_quote_show_create = 1,
        SESSION group_concat_max_len = 1048576;

    SELECT 'collation' AS catalog_collation, '', DEFAULT_COLLATION_NAME
    FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()
    UNION ALL
    SELECT 'character set', CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME
    FROM information_schema.CHARACTER_SETS;

    SELECT EVENT_OBJECT_TABLE AS catalog_trigger, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION,
        ACTION_ORDER, ACTION_STATEMENT, DEFINER, SQL_MODE
    FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()
    ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER;

    SELECT EVENT_NAME AS catalog_event, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD,
        IF(STARTS = CREATED OR STARTS = LAST_ALTERED, NULL, STARTS) AS begins, ENDS, TIME_ZONE,
        ON_COMPLETION, STATUS, EVENT_DEFINITION, DEFINER, SQL_MODE, EVENT_COMMENT
    FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
    ORDER BY EVENT_NAME;

    FOR it IN (
        SELECT GROUP_CONCAT('SHOW CREATE ', type, ' `', REPLACE(name, '`', '``'), '`; '
            ORDER BY place SEPARATOR '') AS shows
        FROM (
            SELECT type, name, ROW_NUMBER() OVER (ORDER BY kind, name) AS place
            FROM (
                SELECT '' AS kind, 'TABLE' AS type, TABLE_NAME AS name
                FROM information_schema.TABLES
                WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, 9) <> 'db_entry_'
                UNION ALL
                SELECT ROUTINE_TYPE, ROUTINE_TYPE, ROUTINE_NAME
                FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
            ) AS found
        ) AS placed
        GROUP BY place DIV 100
        ORDER BY place DIV 100
    ) DO
        EXECUTE IMMEDIATE CONCAT('BEGIN NOT ATOMIC ', it.shows, 'END');
    END FOR;

    SET SESSION sql_mode = @db_entry_sql_mode, @db_entry_sql_mode = NULL,
        SESSION group_concat_max_len = @db_entry_concat, @db_entry_concat = NULL;
END
