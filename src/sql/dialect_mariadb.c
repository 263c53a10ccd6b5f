/*
 * MariaDB 10.5 to 11.8 and MySQL 8 (mariadb.com/kb/en/sql-statements, dev.mysql.com/doc/refman):
 * the server's lexer, and the client's DELIMITER and commands. What commits by itself is what the
 * manuals list, and whatever may hold such a statement.
 */
#include "sql/risk.h"
#include <stddef.h>

#define ONE_OUTERMOST "remove it: a migration is committed for it"
#define NO_MODES      "remove it: a migration's transaction has the modes of its session"
#define LOCKED_BY_RUN                                                                              \
	"remove it: one runner works at a time, and under such a lock the history can't be "       \
	"written"
#define THIS_SERVER "remove it: a migration changes its own database alone"

#define SETTING "SET ?SESSION|LOCAL ?@@ ?SESSION|LOCAL ?. "
#define ANYHOW  "SET ... "

static const struct sql_class_rule classes[] = {
    /* What most statements are, first: they need not be held against all others. */
    {"INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES|(|TABLE", SQL_PLAIN, NULL},
    {"CREATE ?OR ?REPLACE TEMPORARY", SQL_PLAIN, NULL},
    {"DROP TEMPORARY", SQL_PLAIN, NULL},
    {"DROP PREPARE", SQL_EITHER, NULL},
    {"CREATE|ALTER|DROP|RENAME|TRUNCATE|GRANT|REVOKE", SQL_COMMITS, NULL},

    {"SELECT|DO|SET ... release_lock|release_all_locks (", SQL_FORBIDDEN,
	"remove it: the lock of this run is one of these"},
    {"SELECT ... INTO @", SQL_EITHER, NULL},
    {"SELECT|DO", SQL_PLAIN, NULL},

    {"BEGIN NOT", SQL_COMMITS, NULL},
    {"BEGIN ?WORK ;", SQL_BEGIN, NULL},
    {"START TRANSACTION ;", SQL_BEGIN, NULL},
    {"COMMIT ?WORK ;", SQL_COMMIT, NULL},
    {"START TRANSACTION", SQL_CONTROL, "write START TRANSACTION; and COMMIT; or neither"},
    {"BEGIN|COMMIT", SQL_CONTROL,
	"write plain BEGIN; and COMMIT; or neither; is the semicolon behind it missing?"},
    {"ROLLBACK|SAVEPOINT|RELEASE|XA", SQL_CONTROL, ONE_OUTERMOST},
    {"SET ?GLOBAL|SESSION|LOCAL TRANSACTION", SQL_CONTROL, NO_MODES},
    {ANYHOW "transaction_isolation|tx_isolation|transaction_read_only|tx_read_only|completion_type "
	    "=|:=",
	SQL_CONTROL, NO_MODES},
    /* Without it each statement is committed; a file that turns it off commits itself. */
    {SETTING "autocommit =|:= 0|OFF|FALSE ;", SQL_BEGIN, NULL},
    {SETTING "autocommit =|:= 1|ON|TRUE|DEFAULT ;", SQL_COMMIT, NULL},
    {SETTING "autocommit =|:= @ * ;", SQL_COMMIT, NULL},
    {"SET @ * =|:= @@ autocommit , ?@@ autocommit = 0 ;", SQL_BEGIN, NULL},
    {ANYHOW "autocommit =|:=", SQL_CONTROL,
	"give it a statement of its own, SET autocommit = 0; or remove it"},

    /* Its end must be one: the semicolon behind it may be missing. */
    {"LOCK TABLE|TABLES ... READ|WRITE ;", SQL_ABSORBED, NULL},
    {"LOCK TABLE|TABLES ... READ|WRITE LOCAL|CONCURRENT ;", SQL_ABSORBED, NULL},
    {"UNLOCK TABLE|TABLES ;", SQL_ABSORBED, NULL},
    {"LOCK|UNLOCK|BACKUP", SQL_FORBIDDEN, LOCKED_BY_RUN},
    {"FLUSH ... READ|EXPORT", SQL_FORBIDDEN, LOCKED_BY_RUN},

    {"USE", SQL_FORBIDDEN,
	"remove it, and write other.table where another database is meant: a migration runs in the "
	"database it is connected to"},
    {"LOAD DATA|XML ?LOW_PRIORITY|CONCURRENT LOCAL", SQL_FORBIDDEN,
	"write INSERT: no file of the client's is read"},
    {"LOAD DATA|XML", SQL_PLAIN, NULL},
    {"SHUTDOWN|RESTART", SQL_FORBIDDEN, "remove it: it would end the server under this run"},

    {ANYHOW "sql_log_bin =|:=", SQL_FORBIDDEN,
	"remove it: replicas would not get what the migration changes; mysqldump "
	"--set-gtid-purged=OFF writes none"},
    {ANYHOW "gtid_purged =|:=", SQL_FORBIDDEN,
	"remove it: it belongs to the server that was dumped; mysqldump --set-gtid-purged=OFF "
	"writes none"},
    {ANYHOW "read_only|super_read_only|offline_mode =|:=", SQL_FORBIDDEN,
	"remove it: the history could not be written"},
    {"SET PASSWORD|STATEMENT", SQL_COMMITS, NULL},
    {"SET DEFAULT ROLE", SQL_COMMITS, NULL},
    {"SET|PREPARE|DEALLOCATE|HANDLER|SHOW|DESCRIBE|DESC|EXPLAIN|HELP|CHECKSUM|SIGNAL|GET",
	SQL_EITHER, NULL},
    {"ANALYZE FORMAT|SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|(", SQL_PLAIN, NULL},
    /* CALL, EXECUTE, blocks: nobody knows what they hold; and what no rule knows. */
    {"*", SQL_COMMITS, NULL},
    {NULL, SQL_PLAIN, NULL},
};

/* Without a doubled quote there are no backslashes either: x'4142' */
static const struct sql_quote quotes[] = {
    {"n'", true, false},
    {"b'", false, false},
    {"x'", false, false},
    {NULL, false, false},
};

#define COPY_IN "copy the file's statements here"

static const struct sql_client_command client_commands[] = {
    /* mariadb-dump begins with it, against commands like those below. */
    {"\\-", NULL},
    {"\\.", COPY_IN},
    {"\\g", "end the statement with a semicolon"},
    {"\\G", "end the statement with a semicolon"},
    {"\\d", "write DELIMITER // on a line of its own"},
    {"\\u", THIS_SERVER},
    {"\\r", THIS_SERVER},
    {"\\!", "remove it: no program is run from a migration"},
    {"\\C", "remove it, and save the file as UTF-8 text"},
    {NULL, "write it as SQL, or remove it"},
};

static const struct sql_client_command client_words[] = {
    {"source", COPY_IN},
    {"connect", THIS_SERVER},
    {"system", "remove it: no program is run from a migration"},
    {"charset", "remove it, and save the file as UTF-8 text"},
    {"tee", "remove it: nobody reads what it writes"},
    {"pager", "remove it: nobody reads what is shown"},
    {"prompt", "remove it"},
    {"edit", "remove it"},
    {"go", "end the statement with a semicolon"},
    {"ego", "end the statement with a semicolon"},
    {"clear", "remove it, and the statement that it gives up"},
    {"exit", "remove it, and what stands behind it"},
    {"quit", "remove it, and what stands behind it"},
    /* What the client shows, and where. */
    {"notee", NULL},
    {"nopager", NULL},
    {"print", NULL},
    {"rehash", NULL},
    {"status", NULL},
    {"warnings", NULL},
    {"nowarning", NULL},
    {NULL, NULL},
};

#define IF_EXISTS " ?IF ?EXISTS"
#define TABLE     "ALTER ?ONLINE ?IGNORE TABLE" IF_EXISTS " *. * ?NOWAIT"

static const char *const lists[] = {
    TABLE " DROP|TRUNCATE|REORGANIZE|REBUILD|OPTIMIZE|ANALYZE|CHECK|REPAIR|DISCARD|IMPORT "
	  "PARTITION" IF_EXISTS,
    TABLE " ORDER BY",
    TABLE,
    "DROP TEMPORARY TABLE|TABLES|SEQUENCE" IF_EXISTS,
    "DROP TABLE|TABLES|VIEW|SEQUENCE|USER|ROLE" IF_EXISTS,
    "RENAME TABLE|TABLES|USER" IF_EXISTS,
    "OPTIMIZE|REPAIR ?LOCAL|NO_WRITE_TO_BINLOG TABLE|TABLES",
    NULL,
};

/* They fire no trigger. */
static const char *const plain_risks[] = {"drop-table", "drop-column", "drop-derived",
    "drop-database", "drop-sequence", "truncate", "add-column", "create", "create-index",
    "create-unique", "read", "setting", NULL};

static const char *const moves_names[] = {
    /* What calls something else is unknown, and needs its approval anyhow. */
    "RENAME",
    "ALTER ?ONLINE ?IGNORE TABLE ... RENAME",
    "ALTER ?ONLINE ?IGNORE TABLE ... CONVERT|EXCHANGE PARTITION|TABLE",
    "CREATE|ALTER ... VIEW",
    "CREATE|ALTER ... UNION|FEDERATED|CONNECT|SPIDER",
    NULL,
};

/* What a procedure leaves in the session nobody sees. */
static const char *const session_bound[] = {"CREATE ?OR ?REPLACE TEMPORARY", "PREPARE|HANDLER",
    "CALL|EXECUTE|LOCK", "SELECT ... INTO @", "SELECT|DO ... @ * :=", "SET @ ... (", NULL};

#define LEXING                                                                                     \
	(SQL_LEX_MARK_AT_START | SQL_LEX_HASH_COMMENTS | SQL_LEX_DASHES_SPACED |                   \
	    SQL_LEX_CLOSED_COMMENTS | SQL_LEX_EXECUTABLE | SQL_LEX_VARIABLES |                     \
	    SQL_LEX_BACKSLASH_N | SQL_LEX_DELIMITER)

/* All but how strings and names are quoted. */
#define DIALECT(quotes_of_names, more_lexing)                                                      \
	{                                                                                          \
		.name = "mariadb", .identifier_quotes = quotes_of_names,                           \
		.lexing = LEXING | (more_lexing), .quotes = quotes,                                \
		.client_commands = client_commands, .client_words = client_words, .modes = modes,  \
		.always_code = 50700, .body = SQL_BODY_COMPOUND, .classes = classes,               \
		.risks = risk_rules_mariadb, .alters = alter_rules_mariadb, .lists = lists,        \
		.harmless_calls = &risk_harmless_mariadb, .plain_risks = plain_risks,              \
		.moves_names = moves_names, .settings = "SET", .session_bound = session_bound,     \
		.home_schema = "", .own_pairs = true,                                              \
	}

static const struct dialect *const modes[];

const struct dialect dialect_mariadb = DIALECT("`", SQL_LEX_DOUBLE_STRINGS | SQL_LEX_BACKSLASHES);

static const struct dialect ansi = DIALECT("`\"", SQL_LEX_BACKSLASHES);
static const struct dialect plain = DIALECT("`", SQL_LEX_DOUBLE_STRINGS);
static const struct dialect ansi_plain = DIALECT("`\"", 0);

static const struct dialect *const modes[] = {
    [0] = &dialect_mariadb,
    [SQL_MODE_ANSI_QUOTES] = &ansi,
    [SQL_MODE_NO_BACKSLASHES] = &plain,
    [SQL_MODE_ANSI_QUOTES | SQL_MODE_NO_BACKSLASHES] = &ansi_plain,
};
