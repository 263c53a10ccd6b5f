#include "fault/project.h"
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_1 "CREATE INDEX orders_by_amount ON orders (amount)"
#define STEP_2 "INSERT INTO orders (customer_id, amount) VALUES (2, 30)"
#define STEP_3 "PRAGMA auto_vacuum = FULL"
#define STEP_4 "VACUUM"
#define STEP_5 "CREATE TABLE tidied (id INTEGER PRIMARY KEY)"

/* None of them can be run twice unnoticed: rows are counted and amounts are summed up. */
const struct project_file project_files[PROJECT_COUNT] = {
    {"0001_customers.sql", "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
			   "INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');\n"},
    {"0002_orders.sql",
	"CREATE TABLE orders (id INTEGER PRIMARY KEY,\n"
	"    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,\n"
	"    amount INTEGER NOT NULL);\n"
	"INSERT INTO orders (customer_id, amount) SELECT id, 10 FROM customers;\n"
	"CREATE INDEX orders_by_customer ON orders (customer_id);\n"},
    {"0003_rebuild.sql", "PRAGMA foreign_keys = OFF;\n"
			 "BEGIN;\n"
			 "CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, name TEXT NOT NULL,\n"
			 "    visits INTEGER NOT NULL DEFAULT 0);\n"
			 "INSERT INTO rebuilt (id, name) SELECT id, name FROM customers;\n"
			 "DROP TABLE customers;\n"
			 "ALTER TABLE rebuilt RENAME TO customers;\n"
			 "COMMIT;\n"
			 "PRAGMA foreign_keys = ON;\n"},
    {"0004_audit.sql", "UPDATE orders SET amount = amount + 1 WHERE amount IS NOT NULL;\n"
		       "CREATE TABLE audit (order_id INTEGER NOT NULL);\n"
		       "CREATE TRIGGER orders_audited AFTER INSERT ON orders BEGIN\n"
		       "    INSERT INTO audit VALUES (new.id);\n"
		       "END;\n"
		       "INSERT INTO orders (customer_id, amount) VALUES (1, 20);\n"},
    {"0005_tidy.sql", "-- db-entry: no-transaction\n" STEP_1 ";\n" STEP_2 ";\n" STEP_3 ";\n" STEP_4
		      ";\n" STEP_5 ";\n"},
    {"0006_visits.sql", "UPDATE customers SET visits = visits + 1 WHERE visits IS NOT NULL;\n"},
};

const char *const project_steps[PROJECT_STEPS] = {STEP_1, STEP_2, STEP_3, STEP_4, STEP_5};

const char project_undo[] = "DROP INDEX IF EXISTS orders_by_amount;"
			    "DELETE FROM audit WHERE order_id IN"
			    " (SELECT id FROM orders WHERE amount = 30);"
			    "DELETE FROM orders WHERE amount = 30;"
			    "DROP TABLE IF EXISTS tidied";

struct look {
	sqlite3 *handle;
	struct project_found *found;
};

__attribute__((format(printf, 2, 3))) static void wrong(struct look *look, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (look->found->fault[0] == '\0')
		vsnprintf(look->found->fault, sizeof(look->found->fault), format, args);
	va_end(args);
}

static sqlite3_stmt *prepare(struct look *look, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(look->handle, sql, -1, &statement, NULL) != SQLITE_OK)
		wrong(look, "%s: %s", sql, sqlite3_errmsg(look->handle));
	return statement;
}

static int number(struct look *look, const char *sql)
{
	sqlite3_stmt *statement = prepare(look, sql);
	int value = -1;
	if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int(statement, 0);
	else
		wrong(look, "%s: %s", sql, sqlite3_errmsg(look->handle));
	sqlite3_finalize(statement);
	return value;
}

static void must_be(struct look *look, int expected, const char *sql)
{
	int value = number(look, sql);
	if (value != expected)
		wrong(look, "%s is %d, not %d", sql, value, expected);
}

/* The query gives no rows, or the row "ok". */
static void must_be_fine(struct look *look, const char *sql)
{
	sqlite3_stmt *statement = prepare(look, sql);
	if (statement == NULL)
		return;
	int code = sqlite3_step(statement);
	const char *text =
	    code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "ok";
	if (text == NULL || strcmp(text, "ok") != 0 || (code != SQLITE_ROW && code != SQLITE_DONE))
		wrong(look, "%s: %s", sql, text == NULL ? sqlite3_errmsg(look->handle) : text);
	sqlite3_finalize(statement);
}

static bool has(struct look *look, const char *object)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM sqlite_master WHERE name = %Q", object);
	bool there = number(look, sql) == 1;
	sqlite3_free(sql);
	return there;
}

/* What is there of the migration outside a transaction. That the pragma was run leaves no trace. */
static void look_at_steps(struct look *look)
{
	struct project_found *found = look->found;
	bool orders = found->whole[1];
	bool step[PROJECT_STEPS] = {
	    has(look, "orders_by_amount"),
	    orders && number(look, "SELECT count(*) FROM orders WHERE amount = 30") > 0,
	    false,
	    number(look, "PRAGMA auto_vacuum") == 1,
	    has(look, "tidied"),
	};
	/* An undo by hand does not undo the VACUUM. */
	found->least = step[4] ? 5 : step[1] && step[3] ? 4 : step[1] ? 2 : step[0] ? 1 : 0;
	found->most = found->least == 2 ? 3 : found->least;
	found->whole[4] = found->least == PROJECT_STEPS;
	for (int i = 0; i < found->least; i++)
		if (i != 2 && !step[i])
			wrong(look, "statement %d is done and statement %d is not", found->least,
			    i + 1);
}

static void look_at_rows(struct look *look)
{
	const bool *whole = look->found->whole;
	int extra = whole[1] ? number(look, "SELECT count(*) FROM orders WHERE amount = 30") : 0;
	if (whole[0])
		must_be(look, 3, "SELECT count(*) FROM customers");
	if (whole[1]) {
		must_be(look, 3 + whole[3] + (extra > 0), "SELECT count(*) FROM orders");
		must_be(look, 30 + (whole[3] ? 23 : 0) + (extra > 0 ? 30 : 0),
		    "SELECT sum(amount) FROM orders");
	}
	if (whole[3])
		must_be(look, 1 + (extra > 0), "SELECT count(*) FROM audit");
	if (has(look, "orders_by_customer") != whole[1])
		wrong(look, "0002 is there in part");
	if (has(look, "rebuilt"))
		wrong(look, "0003 is there in part");
	if (has(look, "orders_audited") != whole[3])
		wrong(look, "0004 is there in part");
}

static void look_at_objects(struct look *look)
{
	bool *whole = look->found->whole;
	whole[0] = has(look, "customers");
	whole[1] = has(look, "orders");
	whole[2] = number(look, "SELECT count(*) FROM pragma_table_info('customers')"
				" WHERE name = 'visits'") == 1;
	whole[3] = has(look, "audit");
	look_at_steps(look);
	int visits = whole[2] ? number(look, "SELECT sum(visits) FROM customers") : 0;
	if (visits != 0 && visits != 3)
		wrong(look, "sum(visits) is %d", visits);
	whole[5] = visits == 3;
	look_at_rows(look);
}

static void take_row(struct look *look, sqlite3_stmt *row)
{
	struct project_found *found = look->found;
	int version = sqlite3_column_int(row, 0);
	const char *state = (const char *)sqlite3_column_text(row, 1);
	if (version < 1 || version > PROJECT_COUNT || state == NULL)
		wrong(look, "the history has a row of version %d", version);
	else if (strcmp(state, "applied") == 0)
		found->applied[version - 1] = true;
	else if (strcmp(state, "started") == 0 && version == PROJECT_STEPWISE) {
		found->started = true;
		found->recorded_done = sqlite3_column_int(row, 2);
	} else if (strcmp(state, "reverted") != 0 || version != PROJECT_STEPWISE)
		wrong(look, "the history says %04d is %s", version, state);
}

static void look_at_history(struct look *look)
{
	if (!has(look, "db_entry_history"))
		return;
	sqlite3_stmt *rows = prepare(
	    look, "SELECT version, state, statements_done FROM db_entry_history ORDER BY position");
	while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW)
		take_row(look, rows);
	sqlite3_finalize(rows);
	must_be(look, 0,
	    "SELECT count(*) FROM (SELECT position FROM db_entry_history"
	    " GROUP BY position HAVING count(*) > 1)");
	must_be(look, 0,
	    "SELECT count(*) FROM db_entry_history WHERE state = 'applied'"
	    " AND (statements_done <> statements_total OR finished_at IS NULL)"
	    " AND version <> '0005'");
	if (has(look, "db_entry_run"))
		must_be(look, 0,
		    "SELECT count(*) FROM db_entry_history"
		    " WHERE run_id NOT IN (SELECT id FROM db_entry_run)");
}

/* Applied and there are the same; what is half there is started, and accounted for. */
static void compare(struct look *look)
{
	struct project_found *found = look->found;
	for (int i = 0; i < PROJECT_COUNT; i++) {
		if (i + 1 == PROJECT_STEPWISE && found->started)
			continue;
		if (found->applied[i] != found->whole[i])
			wrong(look, "%04d is %s, and the history says it is %s", i + 1,
			    found->whole[i] ? "there" : "not there",
			    found->applied[i] ? "applied" : "not");
	}
	if (!found->started && !found->applied[PROJECT_STEPWISE - 1] && found->least > 0)
		wrong(look, "%d statements are done, and the history knows of none", found->least);
	/* The statement behind the last recorded one may be done too. */
	if (found->started &&
	    (found->recorded_done > found->most || found->recorded_done < found->least - 1))
		wrong(look, "%d to %d statements are done, and the history says %d", found->least,
		    found->most, found->recorded_done);
}

void project_look(const char *path, struct project_found *found)
{
	struct look look = {.found = found};
	*found = (struct project_found){.least = 0};
	if (access(path, F_OK) != 0)
		return;
	if (sqlite3_open_v2(path, &look.handle, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK) {
		wrong(&look, "%s can't be opened", path);
	} else {
		must_be_fine(&look, "PRAGMA integrity_check");
		must_be_fine(&look, "PRAGMA foreign_key_check");
		look_at_objects(&look);
		look_at_history(&look);
		compare(&look);
	}
	sqlite3_close(look.handle);
}

bool project_sql(const char *path, const char *sql, char *message, size_t size)
{
	sqlite3 *handle = NULL;
	bool ok = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		      "unix") == SQLITE_OK &&
		  sqlite3_exec(handle, "PRAGMA foreign_keys = ON", NULL, NULL, NULL) == SQLITE_OK &&
		  sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK;
	if (!ok)
		snprintf(message, size, "%s: %s", sql, sqlite3_errmsg(handle));
	sqlite3_close(handle);
	return ok;
}
