/*
 * Our own tables are no migration's business. What a statement does shows nowhere but in its text;
 * so one that speaks of them is not even tried.
 */
#include "base/text.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/mariadb.h"
#include "sql/lex.h"
#include <string.h>

static const char prefix[] = "db_entry_";

/* The server carries these out. */
static bool is_remark(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_COMMENT && strncmp(token->text, "/*!", 3) != 0 &&
	       strncasecmp(token->text, "/*M!", 4) != 0;
}

static bool holds(const struct sql_token *token)
{
	size_t len = strlen(prefix);
	for (size_t i = 0; i + len <= token->len; i++)
		if (strncasecmp(token->text + i, prefix, len) == 0)
			return true;
	return false;
}

static bool mentions_own(const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	struct sql_token token;
	if (strcasestr(statement->text, prefix) == NULL)
		return false;
	sql_lex_init(&lexer, db_mariadb.dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (!is_remark(&token) && holds(&token))
			return true;
	return false;
}

bool my_guard(const struct sql_statement *statement, struct err *err)
{
	if (!mentions_own(statement))
		return true;
	err_set(err, ERR_DATABASE, "the tables of db-entry (db_entry_…) are not a migration's");
	err_why(err, "nobody can tell from a statement whether it only reads them");
	return err_next(err, "leave them out; to change the history: db-entry repair, db-entry"
			     " baseline");
}
