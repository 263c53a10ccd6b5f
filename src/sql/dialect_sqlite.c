/* SQLite (sqlite.org/lang.html), as its tokenizer and grammar have it. */
#include "sql/risk.h"
#include <stddef.h>

#define OWN_FILE      "put it in a file of its own, which then runs without a transaction"
#define ONE_OUTERMOST "remove it: a migration runs in one transaction, opened and closed for it"

/*
 * PRAGMA names and schemas may be quoted, and the value may stand behind `=` or in parentheses.
 * These PRAGMAs act while they are compiled, so EXPLAIN in front does not stop them.
 */
static const struct sql_class_rule classes[] = {
    /* What most statements are, first: they need not be held against all others. */
    {"INSERT|CREATE|ALTER|UPDATE|DROP|DELETE|SELECT|WITH|REPLACE", SQL_PLAIN, NULL},

    {"BEGIN ?DEFERRED|IMMEDIATE|EXCLUSIVE ?TRANSACTION ;", SQL_BEGIN, NULL},
    {"COMMIT|END ?TRANSACTION ;", SQL_COMMIT, NULL},
    {"BEGIN|COMMIT|END", SQL_CONTROL,
	"write plain BEGIN; and COMMIT; or neither; is the semicolon behind it missing?"},
    {"ROLLBACK|SAVEPOINT|RELEASE", SQL_CONTROL, ONE_OUTERMOST},

    {"ATTACH|DETACH", SQL_FORBIDDEN, "remove it: a migration changes its own database alone"},
    {"PRAGMA *. writable_schema", SQL_FORBIDDEN,
	"remove it; rebuild the table instead: create a new one, copy the rows, drop the old one, "
	"rename"},
    {"EXPLAIN ?QUERY ?PLAN PRAGMA", SQL_FORBIDDEN,
	"remove it: SQLite carries out a PRAGMA even behind EXPLAIN"},

    {"PRAGMA *. foreign_keys ;", SQL_ABSORBED, NULL},
    {"PRAGMA *. foreign_keys = ?+|- * ;", SQL_ABSORBED, NULL},
    {"PRAGMA *. foreign_keys ( ?+|- * ) ;", SQL_ABSORBED, NULL},

    /* Refused inside a transaction by SQLite, or without effect there. */
    {"VACUUM", SQL_OUTSIDE, OWN_FILE},
    {"PRAGMA *. wal_checkpoint", SQL_OUTSIDE, OWN_FILE},
    {"PRAGMA *. journal_mode|synchronous|page_size|auto_vacuum|encoding =|(", SQL_OUTSIDE,
	OWN_FILE},
    {NULL, SQL_PLAIN, NULL},
};

/* They fire no trigger, and the foreign keys are off. Names may change by renaming. */
static const char *const plain_risks[] = {"drop-table", "drop-column", "drop-derived", "add-column",
    "create", "create-unique", "read", "pragma", "vacuum", NULL};
/* Two of its quotes in a row are two literals. */
static const struct sql_quote quotes[] = {{"x'", false, false}, {NULL, false, false}};

static const char *const moves_names[] = {"ALTER TABLE *. * RENAME TO", NULL};

static const char *const session_bound[] = {"CREATE TEMP|TEMPORARY", "CREATE * temp .", NULL};

const struct dialect dialect_sqlite = {
    .name = "sqlite",
    .identifier_quotes = "\"`[",
    .quotes = quotes,
    .body_start = "?EXPLAIN ?QUERY ?PLAN CREATE ?TEMP|TEMPORARY TRIGGER",
    .body = SQL_BODY_TRIGGER,
    .classes = classes,
    .risks = risk_rules_sqlite,
    .plain_risks = plain_risks,
    .moves_names = moves_names,
    .settings = "PRAGMA",
    .session_bound = session_bound,
};
