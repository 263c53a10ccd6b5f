/*
 * What MariaDB's and MySQL's statements do to data that is there; all of both manuals, with each
 * action of ALTER TABLE. What is not here is unknown. Whether MODIFY and CHANGE lose something, the
 * column that is there decides (sql/column_change.h).
 */
#include "sql/risk.h"

#define SAFE    RISK_ALWAYS, RISK_SAFE, RISK_NOTHING
#define WARN    RISK_ALWAYS, RISK_WARN, RISK_NOTHING
#define LOSE    RISK_ALWAYS, RISK_DESTRUCTIVE
#define UNKNOWN RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING

#define IF_EXISTS  " ?IF ?EXISTS "
#define ANY_ACTION "ALTER ?ONLINE ?IGNORE TABLE" IF_EXISTS "*. * ?NOWAIT"
#define TABLE      ANY_ACTION " "
#define CREATE     "CREATE ?OR ?REPLACE "

#define CHECKED      "every row is checked, and one that breaks it fails the migration"
#define REWRITTEN    "the table is written anew"
#define OLD_NAME     "the previous version of the application knows the old name"
#define OUT_OF_SIGHT "its rows are kept, where the application does not look for them"
#define OVERWRITE    "existing values are overwritten where the condition holds"
#define ANYTHING     "what it does can't be read here"
#define ELSEWHERE    "it changes more than this database's tables"
#define LATER        "what it does later can't be undone by a migration that fails"
#define IN_CONFLICT  "a row in conflict is deleted without a word"

const struct sql_risk_rule risk_rules_mariadb[] = {
    /* DROP */
    {"DROP TEMPORARY", SAFE, "temporary", "it ends with the session"},
    {"DROP TABLE|TABLES" IF_EXISTS "*. *", LOSE, RISK_TABLE, "drop-table",
	"the table and its rows are lost"},
    {"DROP SEQUENCE" IF_EXISTS "*. *", LOSE, "sequence *", "drop-sequence",
	"how far it has counted is lost"},
    {"DROP DATABASE|SCHEMA" IF_EXISTS "*", LOSE, "schema *", "drop-database",
	"all that is in it is lost"},
    {"DROP VIEW|INDEX|TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE|LIBRARY|PREPARE", SAFE,
	"drop-derived", "it holds no data"},
    {"DROP USER|ROLE|SERVER|TABLESPACE|UNDO|LOGFILE|RESOURCE|SPATIAL", WARN, "drop-shared",
	ELSEWHERE},
    {"TRUNCATE ?TABLE *. *", LOSE, RISK_ROWS, "truncate", "all rows are lost"},

    /* ALTER TABLE, an action each */
    {"ALTER ?ONLINE IGNORE TABLE" IF_EXISTS "*. *", LOSE, RISK_ROWS, "alter-ignore",
	"rows and values that don't fit are dropped without a word"},
    {"ALTER ?ONLINE TABLE" IF_EXISTS "*. * WAIT", UNKNOWN, "alter-wait",
	"what stands behind WAIT is not read: write SET lock_wait_timeout before it"},

    {TABLE "DROP PARTITION", LOSE, RISK_ROWS, "drop-partition", "its rows are lost"},
    {TABLE "TRUNCATE PARTITION", LOSE, RISK_ROWS, "truncate-partition", "its rows are lost"},
    {TABLE "COALESCE|REORGANIZE PARTITION", LOSE, RISK_ROWS, "reorganize-partition",
	"rows that fit into none of the new partitions are lost"},
    {TABLE "EXCHANGE PARTITION", LOSE, RISK_ROWS, "exchange-partition",
	"its rows go to another table"},
    {TABLE "DISCARD PARTITION|TABLESPACE", LOSE, RISK_ROWS, "discard-tablespace",
	"the rows are lost until a tablespace is imported"},
    {TABLE "REPAIR PARTITION", LOSE, RISK_ROWS, "repair", "rows that can't be mended are lost"},
    {TABLE "IMPORT PARTITION|TABLESPACE", WARN, "import-tablespace",
	"the rows become those of a file"},
    {TABLE "CONVERT PARTITION", WARN, "detach-partition",
	"its rows are no longer found in the table"},
    {TABLE "CONVERT TABLE", WARN, "attach-partition", CHECKED},
    {TABLE "REBUILD|OPTIMIZE PARTITION", WARN, "rewrite", REWRITTEN},
    {TABLE "ANALYZE|CHECK|ADD PARTITION", SAFE, "alter-table", "no value changes"},
    {TABLE "PARTITION|REMOVE BY|PARTITIONING", WARN, "rewrite", REWRITTEN},

    {TABLE "DROP PRIMARY|FOREIGN|CONSTRAINT|CHECK", WARN, "drop-constraint",
	"what it kept out may come in"},
    {TABLE "DROP INDEX|KEY", SAFE, "drop-index", "it holds no data"},
    {TABLE "DROP SYSTEM VERSIONING", LOSE, "history of *", "drop-versioning",
	"all earlier versions of the rows are lost"},
    {TABLE "DROP PERIOD FOR", WARN, "drop-constraint", "what it kept out may come in"},
    {TABLE "DROP ?COLUMN" IF_EXISTS "*", LOSE, RISK_COLUMN, "drop-column",
	"the values of the column are lost"},
    {TABLE "MODIFY|CHANGE ?COLUMN" IF_EXISTS "*", LOSE, RISK_COLUMN, "modify-column",
	"values may be cut or replaced, and what is not said again is dropped"},
    {TABLE "ALTER INDEX|KEY|CHECK|CONSTRAINT", SAFE, "alter-table", "no value changes"},
    {TABLE "ALTER ?COLUMN" IF_EXISTS "* DROP", WARN, "drop-default",
	"the previous version of the application may count on it"},
    {TABLE "ALTER", SAFE, "alter-default", "no value changes"},

    {TABLE "ADD CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK", WARN, "add-constraint", CHECKED},
    {TABLE "ADD INDEX|KEY|FULLTEXT|SPATIAL", WARN, "create-index", "it is built from all rows"},
    {TABLE "ADD PERIOD FOR", WARN, "rewrite", REWRITTEN},
    {TABLE "ADD SYSTEM VERSIONING", WARN, "rewrite", REWRITTEN},
    {TABLE "ADD ... STORED|PERSISTENT|AUTO_INCREMENT", WARN, "rewrite", REWRITTEN},
    {TABLE "ADD ... PRIMARY|UNIQUE|KEY|REFERENCES|CHECK", WARN, "add-constraint", CHECKED},
    {TABLE "ADD", SAFE, "add-column", "nothing that is there changes"},

    {TABLE "RENAME INDEX|KEY", SAFE, "alter-table", "no value changes"},
    {TABLE "RENAME", RISK_IF_BACKUP, RISK_DESTRUCTIVE, RISK_TABLE, "rename-away", OUT_OF_SIGHT},
    {TABLE "RENAME", WARN, "rename", OLD_NAME},
    /* Every other character set fits into this one. */
    {TABLE "CONVERT TO CHARACTER|CHARSET ?SET ?= utf8mb4", WARN, "convert-charset", REWRITTEN},
    {TABLE "CONVERT TO", LOSE, RISK_ROWS, "convert-charset",
	"characters that are not in the new character set are lost"},

    /* Its options, several of which may stand together */
    {ANY_ACTION, RISK_IF_ENGINE, RISK_DESTRUCTIVE, RISK_ROWS, "engine",
	"the other engine may not keep the rows, or their foreign keys"},
    {TABLE "... UNION|INSERT_METHOD ?= *", WARN, "table-rules",
	"other rows may be seen than before"},
    {TABLE "... "
	   "ENGINE|ROW_FORMAT|KEY_BLOCK_SIZE|PAGE_COMPRESSED|PAGE_COMPRESSION_LEVEL|COMPRESSION|"
	   "ENCRYPTED|ENCRYPTION|ENCRYPTION_KEY_ID|TABLESPACE|TRANSACTIONAL|PACK_KEYS|CHECKSUM|"
	   "PAGE_CHECKSUM|FORCE|ORDER",
	WARN, "rewrite", REWRITTEN},
    {TABLE
	"COMMENT|AUTO_INCREMENT|DEFAULT|CHARACTER|CHARSET|COLLATE|AVG_ROW_LENGTH|CONNECTION|DATA|"
	"INDEX|DELAY_KEY_WRITE|ENGINE_ATTRIBUTE|SECONDARY_ENGINE_ATTRIBUTE|SECONDARY_ENGINE|"
	"AUTOEXTEND_SIZE|MAX_ROWS|MIN_ROWS|PASSWORD|STATS_AUTO_RECALC|STATS_PERSISTENT|"
	"STATS_SAMPLE_PAGES|IETF_QUOTES|SEQUENCE|WITH|WITHOUT|ALGORITHM|LOCK|DISABLE|ENABLE|"
	"SECONDARY_LOAD|SECONDARY_UNLOAD",
	SAFE, "alter-table", "no value changes"},

    /* ALTER of the rest, RENAME */
    {"ALTER SEQUENCE" IF_EXISTS "*. * ... RESTART", LOSE, "sequence *", "restart",
	"it may count back to used values"},
    {"ALTER SEQUENCE", WARN, "alter-sequence", "the numbers it gives may change"},
    {"ALTER EVENT", RISK_IF_CODE, RISK_UNKNOWN, RISK_NOTHING, "event-code", LATER},
    {"ALTER DEFINER", RISK_IF_CODE, RISK_UNKNOWN, RISK_NOTHING, "event-code", LATER},
    {"ALTER EVENT", WARN, "event", LATER},
    {"ALTER VIEW|PROCEDURE|FUNCTION|LIBRARY|ALGORITHM|DEFINER|SQL", SAFE, "alter-definition",
	"it holds no data"},
    {"ALTER DATABASE|SCHEMA|USER|SERVER|INSTANCE|TABLESPACE|UNDO|LOGFILE|RESOURCE", WARN,
	"alter-shared", ELSEWHERE},
    {"RENAME TABLE|TABLES" IF_EXISTS "*. *", RISK_IF_BACKUP, RISK_DESTRUCTIVE, RISK_TABLE,
	"rename-away", OUT_OF_SIGHT},
    {"RENAME TABLE|TABLES", WARN, "rename", OLD_NAME},
    {"RENAME USER", WARN, "alter-shared", ELSEWHERE},

    /* Rows */
    {"DELETE HISTORY FROM *. *", LOSE, "history of *", "delete-history",
	"earlier versions of the rows are lost"},
    {"DELETE ?LOW_PRIORITY ?QUICK ?IGNORE ?FROM *. *", LOSE, RISK_ROWS, "delete", "rows are lost"},
    {"UPDATE ?LOW_PRIORITY ?IGNORE *. *", RISK_IF_WHERE, RISK_WARN, RISK_NOTHING, "update",
	OVERWRITE},
    {"UPDATE ?LOW_PRIORITY ?IGNORE *. *", LOSE, RISK_ROWS, "update-all",
	"every row is overwritten"},
    {"REPLACE ?LOW_PRIORITY|DELAYED ?INTO *. *", LOSE, RISK_ROWS, "replace", IN_CONFLICT},
    {"INSERT", RISK_IF_UPSERT, RISK_WARN, RISK_NOTHING, "upsert",
	"existing rows in conflict are overwritten"},
    {"INSERT", SAFE, "insert", "rows are added"},
    {"LOAD DATA|XML ... REPLACE INTO TABLE *. *", LOSE, RISK_ROWS, "replace", IN_CONFLICT},
    {"LOAD DATA|XML", SAFE, "insert", "rows are added"},

    /* What runs code */
    {"CALL|EXECUTE|IF|CASE|LOOP|WHILE|REPEAT|FOR|BINLOG", UNKNOWN, "code", ANYTHING},
    {"BEGIN NOT", UNKNOWN, "code", ANYTHING},
    {"* :", UNKNOWN, "code", ANYTHING},
    {"SET STATEMENT", UNKNOWN, "code", ANYTHING},
    {"ANALYZE ?LOCAL|NO_WRITE_TO_BINLOG TABLE|TABLES", SAFE, "read", "no data changes"},
    {"ANALYZE", UNKNOWN, "explain-analyze", "it carries out what it explains"},
    {"EXPLAIN|DESCRIBE|DESC ANALYZE", UNKNOWN, "explain-analyze",
	"it carries out what it explains"},
    {"INSTALL|UNINSTALL|CLONE", UNKNOWN, "program", "a program on the server may do anything"},
    {CREATE "?AGGREGATE FUNCTION ?IF ?NOT ?EXISTS * RETURNS * SONAME", UNKNOWN, "program",
	"a program on the server may do anything"},
    {"SELECT|DO|SET ... setval ( *. *", LOSE, "sequence *", "setval",
	"it may count back to used values"},
    {"SELECT|DO|SET|VALUES|(", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING, "call",
	"a function may do anything"},
    {CREATE "?TEMPORARY TABLE ... SELECT|WITH|VALUES", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING,
	"call", "a function may do anything"},
    {"SELECT ... INTO OUTFILE|DUMPFILE", WARN, "outfile", "it writes a file on the server"},

    /* CREATE */
    {CREATE "TEMPORARY", SAFE, "temporary", "it ends with the session"},
    {"CREATE OR REPLACE TABLE ?IF ?NOT ?EXISTS *. *", LOSE, RISK_TABLE, "replace-table",
	"the table that is there and its rows are lost"},
    {"CREATE OR REPLACE SEQUENCE ?IF ?NOT ?EXISTS *. *", LOSE, "sequence *", "replace-sequence",
	"how far the one that is there has counted is lost"},
    {"CREATE OR REPLACE DATABASE|SCHEMA ?IF ?NOT ?EXISTS *", LOSE, "schema *", "replace-database",
	"all that is in the one that is there is lost"},
    {CREATE "EVENT", RISK_IF_CODE, RISK_UNKNOWN, RISK_NOTHING, "event-code", LATER},
    {CREATE "DEFINER = * EVENT", RISK_IF_CODE, RISK_UNKNOWN, RISK_NOTHING, "event-code", LATER},
    {CREATE "DEFINER = * @|( * EVENT", RISK_IF_CODE, RISK_UNKNOWN, RISK_NOTHING, "event-code",
	LATER},
    {CREATE "EVENT", WARN, "event", LATER},
    {CREATE "UNIQUE", WARN, "create-unique", "it fails when two rows are alike"},
    {CREATE "INDEX|FULLTEXT|SPATIAL", WARN, "create-index", "it is built from all rows"},
    {"CREATE OR REPLACE USER|ROLE|SERVER", WARN, "alter-shared", ELSEWHERE},
    {"CREATE|IMPORT", SAFE, "create", "something new is made"},

    /* Locks, rewriting, replication */
    {"OPTIMIZE ?LOCAL|NO_WRITE_TO_BINLOG TABLE|TABLES", WARN, "rewrite", REWRITTEN},
    {"REPAIR ?LOCAL|NO_WRITE_TO_BINLOG TABLE|TABLES *. *", LOSE, RISK_ROWS, "repair",
	"rows that can't be mended are lost"},
    {"RESET MASTER|BINARY", LOSE, "binary logs", "purge-logs",
	"what changed since the last backup can't be restored"},
    {"PURGE", LOSE, "binary logs", "purge-logs",
	"what changed since the last backup can't be restored"},
    {"RESET SLAVE|REPLICA", WARN, "replication", ELSEWHERE},
    {"RESET PERSIST", WARN, "alter-shared", ELSEWHERE},
    {"START TRANSACTION", SAFE, "setting", "no data changes"},
    {"CHANGE|START|STOP", WARN, "replication", ELSEWHERE},
    {"KILL|SHUTDOWN|RESTART", WARN, "alter-shared", ELSEWHERE},
    {"LOCK|UNLOCK|BACKUP", WARN, "lock", "others wait"},

    /* What is allowed, and settings */
    {"SET ?@@ GLOBAL|PERSIST|PERSIST_ONLY|PASSWORD|DEFAULT", WARN, "alter-shared", ELSEWHERE},
    {"SET ROLE", WARN, "set-role", "what follows has another role's rights"},
    {"SET ... foreign_key_checks|unique_checks|check_constraint_checks =|:= 0|OFF|FALSE", WARN,
	"checks-off", "rows that break a rule may come in"},
    {"SET ... sql_mode =|:=", WARN, "sql-mode",
	"without STRICT_TRANS_TABLES values that don't fit are cut without an error"},
    {"REVOKE", WARN, "revoke", "the previous version of the application may need the right"},
    {"SELECT|VALUES|TABLE|(|EXPLAIN|DESCRIBE|DESC|SHOW|HELP|CHECK|CHECKSUM|HANDLER|CACHE|LOAD|WITH",
	SAFE, "read", "no data changes"},
    {"SET|DO|PREPARE|DEALLOCATE|GRANT|FLUSH|RESET|SIGNAL|RESIGNAL|GET|USE|BEGIN|COMMIT|"
     "ROLLBACK|SAVEPOINT|RELEASE|XA",
	SAFE, "setting", "no data changes"},
    {NULL, RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, NULL, NULL},
};
