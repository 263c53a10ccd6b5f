/*
 * What PostgreSQL's statements do to data that is there; all of them (postgresql.org/docs/current/
 * sql-commands.html), with each action of ALTER TABLE. What is not here is unknown.
 */
#include "sql/risk.h"

#define SAFE RISK_ALWAYS, RISK_SAFE, RISK_NOTHING
#define WARN RISK_ALWAYS, RISK_WARN, RISK_NOTHING
#define LOSE RISK_ALWAYS, RISK_DESTRUCTIVE

#define TABLE     "ALTER TABLE ?IF ?EXISTS ?ONLY *. * "
#define COLUMN    TABLE "ALTER ?COLUMN * "
#define IF_EXISTS " ?IF ?EXISTS "

#define CASCADES  "what depends on it goes with it, columns and their values too"
#define CHECKED   "every row is checked while others wait, and one that breaks it fails the migration"
#define REWRITTEN "the table is written anew while others wait"
#define OLD_NAME  "the previous version of the application knows the old name"
#define OVERWRITE "existing values are overwritten where the condition holds"
#define ANYTHING  "what it does can't be read here"
#define ELSEWHERE "it changes more than this database's tables"

const struct sql_risk_rule risk_rules_postgres[] = {
    /* DROP */
    {"DROP TABLE" IF_EXISTS "*. *", LOSE, RISK_TABLE, "drop-table",
	"the table and its rows are lost"},
    {"DROP MATERIALIZED VIEW" IF_EXISTS "*. *", LOSE, "materialized view *",
	"drop-materialized-view", "the rows it holds are lost"},
    {"DROP SEQUENCE" IF_EXISTS "*. *", LOSE, "sequence *", "drop-sequence",
	"how far it has counted is lost"},
    {"DROP SCHEMA" IF_EXISTS "*", LOSE, "schema *", "drop-schema", "all that is in it is lost"},
    {"DROP DATABASE" IF_EXISTS "*", LOSE, "database *", "drop-database",
	"all that is in it is lost"},
    {"DROP EXTENSION" IF_EXISTS "*", LOSE, "extension *", "drop-extension",
	"its types go with it, and its tables"},
    {"DROP OWNED BY *", LOSE, "what * owns", "drop-owned", "all that the role owns is lost"},
    {"DROP", RISK_IF_CASCADE, RISK_DESTRUCTIVE, RISK_NOTHING, "drop-cascade", CASCADES},
    {"DROP FOREIGN TABLE", WARN, "drop-foreign", "its rows stay where they are"},
    {"DROP POLICY", WARN, "policy", "other rows may be seen than before"},
    {"DROP USER MAPPING", SAFE, "drop-derived", "it holds no data"},
    {"DROP ROLE|USER|GROUP|TABLESPACE|PUBLICATION|SUBSCRIPTION|SERVER", WARN, "drop-shared",
	ELSEWHERE},
    {"DROP VIEW|INDEX|TRIGGER|RULE|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TYPE|DOMAIN|CAST|COLLATION|"
     "CONVERSION|OPERATOR|STATISTICS|TEXT|LANGUAGE|PROCEDURAL|TRANSFORM|EVENT|ACCESS|FOREIGN",
	SAFE, "drop-derived", "it holds no data"},

    {"TRUNCATE ?TABLE ?ONLY *. *", RISK_IF_CASCADE, RISK_DESTRUCTIVE, RISK_ROWS, "truncate-cascade",
	"all rows are lost, and those of every table that refers to it"},
    {"TRUNCATE ?TABLE ?ONLY *. *", LOSE, RISK_ROWS, "truncate", "all rows are lost"},

    /* ALTER TABLE, an action each */
    {"ALTER TABLE|INDEX|MATERIALIZED ?VIEW ALL IN TABLESPACE", WARN, "rewrite", REWRITTEN},
    {TABLE "DROP CONSTRAINT", RISK_IF_CASCADE, RISK_DESTRUCTIVE, RISK_NOTHING, "drop-cascade",
	CASCADES},
    {TABLE "DROP CONSTRAINT", WARN, "drop-constraint", "what it kept out may come in"},
    {TABLE "DROP ?COLUMN" IF_EXISTS "*", LOSE, RISK_COLUMN, "drop-column",
	"the values of the column are lost"},
    {COLUMN "?SET ?DATA TYPE", LOSE, RISK_COLUMN, "alter-type",
	"values may be cut, rounded or replaced"},
    {COLUMN "... RESTART", LOSE, "counter of *.*", "restart", "it may count back to used values"},
    {COLUMN "SET NOT NULL", WARN, "set-not-null", CHECKED},
    {COLUMN "SET EXPRESSION", WARN, "rewrite", REWRITTEN},
    {COLUMN "DROP EXPRESSION|DEFAULT|IDENTITY", WARN, "drop-default",
	"the previous version of the application may count on it"},
    {COLUMN "SET|DROP|ADD|RESET", SAFE, "alter-column", "no value changes"},

    {TABLE "ADD ... USING INDEX", SAFE, "add-constraint", "the index has checked it already"},
    {TABLE "ADD CONSTRAINT|CHECK|FOREIGN|NOT", RISK_IF_NOT_VALID, RISK_SAFE, RISK_NOTHING,
	"add-constraint", "rows that are there are not looked at"},
    {TABLE "ADD CONSTRAINT|CHECK|FOREIGN|NOT|UNIQUE|PRIMARY|EXCLUDE", WARN, "add-constraint",
	CHECKED},
    {TABLE "ADD ... "
	   "random|gen_random_uuid|uuid_generate_v1|uuid_generate_v1mc|uuid_generate_v4|uuidv4|"
	   "uuidv7|clock_timestamp|timeofday|nextval (",
	WARN, "rewrite", REWRITTEN},
    {TABLE "ADD ... DEFAULT", RISK_IF_CALLS, RISK_WARN, RISK_NOTHING, "rewrite", REWRITTEN},
    {TABLE "ADD ... serial|bigserial|smallserial|serial2|serial4|serial8|STORED|IDENTITY", WARN,
	"rewrite", REWRITTEN},
    {TABLE "ADD ... UNIQUE|PRIMARY|REFERENCES|CHECK", WARN, "add-constraint", CHECKED},
    {TABLE "ADD ... DEFAULT", SAFE, "add-column", "nothing that is there changes"},
    {TABLE "ADD ... NOT NULL", WARN, "add-column", "it fails when the table has rows"},
    {TABLE "ADD", SAFE, "add-column", "nothing that is there changes"},

    {TABLE "SET UNLOGGED", LOSE, RISK_ROWS, "set-unlogged",
	"after a crash of the server the table is empty"},
    {TABLE "SET LOGGED|TABLESPACE|ACCESS", WARN, "rewrite", REWRITTEN},
    {TABLE "SET SCHEMA", WARN, "rename", OLD_NAME},
    {TABLE "RENAME CONSTRAINT", SAFE, "alter-table", "no value changes"},
    {TABLE "RENAME", WARN, "rename", OLD_NAME},
    {TABLE "DETACH PARTITION", WARN, "detach-partition",
	"its rows are no longer found in the parent"},
    {TABLE "ATTACH PARTITION", WARN, "attach-partition", CHECKED},
    {TABLE "DISABLE|NO|INHERIT|FORCE", WARN, "table-rules",
	"what held for the table's rows may no longer"},
    {TABLE "ENABLE ROW", WARN, "policy", "other rows may be seen than before"},
    {TABLE "SET|RESET|VALIDATE|CLUSTER|OWNER|REPLICA|OF|NOT|ENABLE|ALTER", SAFE, "alter-table",
	"no value changes"},

    /* ALTER of the rest */
    {"ALTER SEQUENCE" IF_EXISTS "*. * ... RESTART", LOSE, "sequence *", "restart",
	"it may count back to used values"},
    {"ALTER SEQUENCE" IF_EXISTS "*. * SET UNLOGGED", LOSE, "sequence *", "set-unlogged",
	"after a crash of the server it begins anew"},
    {"ALTER SEQUENCE" IF_EXISTS "*. * OWNED|OWNER", SAFE, "alter-definition", "it holds no data"},
    {"ALTER SEQUENCE", WARN, "alter-sequence", "the numbers it gives may change"},
    {"ALTER TYPE *. * DROP ATTRIBUTE" IF_EXISTS "*", LOSE, "attribute *.*", "drop-attribute",
	"its values are lost in every column of the type"},
    {"ALTER TYPE *. * ALTER ATTRIBUTE *", LOSE, "attribute *.*", "alter-type",
	"values may be cut, rounded or replaced"},
    {"ALTER TYPE *. * RENAME", WARN, "rename", OLD_NAME},
    {"ALTER TYPE *. * SET SCHEMA", WARN, "rename", OLD_NAME},
    {"ALTER DOMAIN *. * ADD", RISK_IF_NOT_VALID, RISK_SAFE, RISK_NOTHING, "add-constraint",
	"rows that are there are not looked at"},
    {"ALTER DOMAIN *. * ADD", WARN, "add-constraint", CHECKED},
    {"ALTER DOMAIN *. * SET NOT", WARN, "set-not-null", CHECKED},
    {"ALTER EXTENSION * UPDATE", WARN, "update-extension", ANYTHING},
    {"ALTER POLICY", WARN, "policy", "other rows may be seen than before"},
    {"ALTER DATABASE|GROUP|ROLE|USER|SYSTEM|TABLESPACE|SUBSCRIPTION|PUBLICATION|SERVER|FOREIGN",
	WARN, "alter-shared", ELSEWHERE},
    {"ALTER INDEX ... TABLESPACE", WARN, "rewrite", REWRITTEN},
    {"ALTER INDEX|TRIGGER|RULE", SAFE, "alter-definition", "it holds no data"},
    {"ALTER ... RENAME|SET ?COLUMN TO|SCHEMA", WARN, "rename", OLD_NAME},
    {"ALTER VIEW|MATERIALIZED ... RENAME", WARN, "rename", OLD_NAME},
    {"ALTER "
     "TYPE|DOMAIN|VIEW|MATERIALIZED|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|EXTENSION|EVENT|COLLATION|"
     "CONVERSION|LANGUAGE|PROCEDURAL|LARGE|OPERATOR|STATISTICS|TEXT|DEFAULT",
	SAFE, "alter-definition", "it holds no data"},

    /* Rows */
    {"DELETE FROM ?ONLY *. *", LOSE, RISK_ROWS, "delete", "rows are lost"},
    {"UPDATE ?ONLY *. *", RISK_IF_WHERE, RISK_WARN, RISK_NOTHING, "update", OVERWRITE},
    {"UPDATE ?ONLY *. *", LOSE, RISK_ROWS, "update-all", "every row is overwritten"},
    {"INSERT INTO", RISK_IF_UPSERT, RISK_WARN, RISK_NOTHING, "upsert",
	"existing rows in conflict are overwritten"},
    {"INSERT INTO", SAFE, "insert", "rows are added"},
    {"MERGE INTO ?ONLY *. *", RISK_IF_MERGE_DELETE, RISK_DESTRUCTIVE, RISK_ROWS, "merge-delete",
	"rows are lost"},
    {"MERGE INTO ?ONLY *. *", RISK_IF_BY_SOURCE, RISK_DESTRUCTIVE, RISK_ROWS, "merge-by-source",
	"every row without a match is overwritten"},
    {"MERGE INTO ?ONLY *. * ... ON ?( TRUE", RISK_IF_MERGE_UPDATE, RISK_DESTRUCTIVE, RISK_ROWS,
	"update-all", "every row is overwritten"},
    {"MERGE INTO", RISK_IF_MERGE_UPDATE, RISK_WARN, RISK_NOTHING, "update", OVERWRITE},
    {"MERGE INTO", SAFE, "insert", "rows are added"},
    {"COPY", RISK_IF_PROGRAM, RISK_UNKNOWN, RISK_NOTHING, "program",
	"a program on the server may do anything"},
    {"COPY (", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING, "call", "a function may do anything"},
    {"COPY", SAFE, "copy", "rows are added"},

    /* What runs code */
    {"DO|CALL|EXECUTE|LOAD", RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, "code", ANYTHING},
    {"EXPLAIN ANALYZE|ANALYSE", RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, "explain-analyze",
	"it carries out what it explains"},
    {"EXPLAIN ( ... ANALYZE|ANALYSE", RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, "explain-analyze",
	"it carries out what it explains"},
    {"SELECT ... lo_unlink|lo_truncate|lo_truncate64|lo_put|lowrite (", LOSE, "large objects",
	"large-object", "large objects are lost or overwritten"},
    {"SELECT ... setval ( *. pg_get_serial_sequence ( *", LOSE, "counter of *", "setval",
	"it may count back to used values; a rollback does not undo it"},
    {"SELECT ... setval ( *", LOSE, "sequence *", "setval",
	"it may count back to used values; a rollback does not undo it"},
    {"SELECT ... set_config ( session_replication_role", WARN, "replication-role",
	"triggers and foreign keys may be off"},
    {"SELECT|VALUES|TABLE|DECLARE|(", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING, "call",
	"a function may do anything"},
    {"CREATE ... TABLE ... AS EXECUTE", RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, "code", ANYTHING},
    {"CREATE ... TABLE ... AS ?( SELECT|WITH|VALUES", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING,
	"call", "a function may do anything"},
    {"CREATE MATERIALIZED VIEW", RISK_IF_CALLS, RISK_UNKNOWN, RISK_NOTHING, "call",
	"a function may do anything"},

    /* Locks and rewriting */
    {"CREATE UNIQUE", WARN, "create-unique", "it fails when two rows are alike"},
    {"CREATE INDEX CONCURRENTLY", SAFE, "create-index", "nobody waits"},
    {"CREATE INDEX", WARN, "create-index", "writes to the table wait until it is built"},
    {"CREATE SUBSCRIPTION", WARN, "replication", ELSEWHERE},
    {"REINDEX * CONCURRENTLY", SAFE, "reindex", "nobody waits"},
    {"REINDEX", WARN, "reindex", "writes to the table wait until it is built"},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY", SAFE, "refresh", "nobody waits"},
    {"REFRESH MATERIALIZED VIEW", WARN, "refresh", "those who read it wait"},
    {"CLUSTER", WARN, "rewrite", REWRITTEN},
    {"VACUUM ... FULL", WARN, "rewrite", REWRITTEN},
    {"LOCK", WARN, "lock", "others wait"},

    /* What is allowed, and settings */
    {"SET ?SESSION|LOCAL session_replication_role", WARN, "replication-role",
	"triggers and foreign keys may be off"},
    {"SET ?SESSION|LOCAL ROLE", WARN, "set-role", "what follows has another role's rights"},
    {"REVOKE", WARN, "revoke", "the previous version of the application may need the right"},
    {"REASSIGN OWNED", WARN, "reassign", "the previous owner may need it"},
    {"CREATE", SAFE, "create", "something new is made"},
    {"SELECT|VALUES|TABLE|DECLARE|FETCH|MOVE|CLOSE|(|EXPLAIN|SHOW|ANALYZE|ANALYSE|VACUUM|"
     "CHECKPOINT",
	SAFE, "read", "no data changes"},
    {"SET|RESET|COMMENT|GRANT|SECURITY|LISTEN|UNLISTEN|NOTIFY|PREPARE|DEALLOCATE|DISCARD", SAFE,
	"setting", "no data changes"},
    {"IMPORT FOREIGN SCHEMA", SAFE, "create", "something new is made"},
    {NULL, RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, NULL, NULL},
};
