/* What SQLite's statements do to data that is there. */
#include "sql/risk.h"

#define DROPS     "the values of the column are lost"
#define OVERWRITE "a row in conflict is deleted, or overwritten, without a word"

const struct sql_risk_rule risk_rules_sqlite[] = {
    {"DROP TABLE IF EXISTS *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_TABLE, "drop-table",
	"the table and its rows are lost"},
    {"DROP TABLE *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_TABLE, "drop-table",
	"the table and its rows are lost"},
    {"DROP VIEW|TRIGGER|INDEX", RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "drop-derived",
	"it holds no data"},

    {"ALTER TABLE *. * DROP COLUMN *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_COLUMN, "drop-column",
	DROPS},
    {"ALTER TABLE *. * DROP *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_COLUMN, "drop-column", DROPS},
    {"ALTER TABLE *. * RENAME", RISK_ALWAYS, RISK_WARN, RISK_NOTHING, "rename",
	"the previous version of the application knows the old name"},
    {"ALTER TABLE *. * ADD", RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "add-column",
	"nothing that is there changes"},

    {"DELETE FROM *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS, "delete", "rows are lost"},
    {"UPDATE OR REPLACE *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS, "replace", OVERWRITE},
    {"UPDATE OR * *. *", RISK_IF_WHERE, RISK_WARN, RISK_NOTHING, "update",
	"existing values are overwritten where the condition holds"},
    {"UPDATE OR ROLLBACK|ABORT|FAIL|IGNORE *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS,
	"update-all", "every row is overwritten"},
    {"UPDATE *. *", RISK_IF_WHERE, RISK_WARN, RISK_NOTHING, "update",
	"existing values are overwritten where the condition holds"},
    {"UPDATE *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS, "update-all",
	"every row is overwritten"},
    {"REPLACE INTO *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS, "replace", OVERWRITE},
    {"INSERT OR REPLACE INTO *. *", RISK_ALWAYS, RISK_DESTRUCTIVE, RISK_ROWS, "replace", OVERWRITE},
    {"INSERT INTO *. *", RISK_IF_UPSERT, RISK_DESTRUCTIVE, RISK_ROWS, "upsert",
	"existing rows are overwritten"},
    {"INSERT OR ROLLBACK|ABORT|FAIL|IGNORE INTO *. *", RISK_IF_UPSERT, RISK_DESTRUCTIVE, RISK_ROWS,
	"upsert", "existing rows are overwritten"},
    {"INSERT", RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "insert", "rows are added"},

    {"CREATE UNIQUE", RISK_ALWAYS, RISK_WARN, RISK_NOTHING, "create-unique",
	"it fails when two rows are alike"},
    {"CREATE", RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "create", "something new is made"},
    {"SELECT|VALUES|ANALYZE|REINDEX|EXPLAIN", RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "read",
	"no data changes"},
    {"VACUUM", RISK_ALWAYS, RISK_WARN, RISK_NOTHING, "vacuum",
	"the whole file is written anew while others wait"},
    {"PRAGMA *. "
     "foreign_keys|defer_foreign_keys|user_version|application_id|journal_mode|synchronous|page_"
     "size|auto_vacuum|incremental_vacuum|encoding|optimize|wal_checkpoint|wal_autocheckpoint|"
     "integrity_check|quick_check|foreign_key_check|legacy_alter_table|recursive_triggers|"
     "cache_size|temp_store|busy_timeout|case_sensitive_like|table_info|table_xinfo|index_list|"
     "secure_delete|mmap_size",
	RISK_ALWAYS, RISK_SAFE, RISK_NOTHING, "pragma", "a setting that loses no data"},
    {"PRAGMA", RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, "unknown-pragma",
	"nobody knows here what this PRAGMA does"},
    {NULL, RISK_ALWAYS, RISK_UNKNOWN, RISK_NOTHING, NULL, NULL},
};
