/*
 * Virtual tables: where their rows are, and how they can be compared. A full-text table may keep
 * its text, show that of another table (content=…), or keep only its terms (content='').
 */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include "sql/risk.h"
#include <string.h>

/* A declaration, CREATE VIRTUAL TABLE x USING module (…), as far as it says where the rows are. */
struct declaration {
	const char *module;
	const char *content; /* NULL: its own; "": nowhere */
};

static void read_declaration(struct declaration *ret, const char *sql, struct arena *arena)
{
	struct sql_lexer lexer;
	struct sql_token token, before = {0}, name = {0};
	*ret = (struct declaration){.module = ""};
	sql_lex_init(&lexer, &dialect_sqlite, sql, strlen(sql), 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		if (sql_token_is(&before, "USING") && ret->module[0] == '\0')
			ret->module = sql_token_name(&token, arena);
		if (before.kind == SQL_TOKEN_OPERATOR && before.len == 1 && *before.text == '=' &&
		    sql_token_is(&name, "content"))
			ret->content = sql_token_name(&token, arena);
		name = before;
		before = token;
	}
}

static bool find_declaration(struct sqlite_db *s, const char *table, struct declaration *ret,
    bool *is_virtual, struct err *err)
{
	static const char sql[] = "SELECT sql FROM main.sqlite_master WHERE type = 'table'"
				  " AND name = ?1 COLLATE NOCASE AND coalesce(rootpage, 0) = 0";
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	if (!sqlite_prepare(s, &row, sql, strlen(sql), err))
		return false;
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	int code = sqlite3_step(row);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_fail(s, code, err);
	*is_virtual = code == SQLITE_ROW;
	if (*is_virtual)
		read_declaration(
		    ret, (const char *)sqlite3_column_text(row, 0), &s->proof.statement);
	return true;
}

static bool is_there(struct sqlite_db *s, const char *name, bool *yes, struct err *err)
{
	return proof_ask(s,
	    "SELECT 1 FROM main.sqlite_master WHERE type IN ('table', 'view')"
	    " AND name = ?1 COLLATE NOCASE",
	    name, yes, err);
}

bool proof_kind(struct sqlite_db *s, const char *table, enum proof_kind *kind, struct err *err)
{
	struct declaration of;
	bool is_virtual = false, there = false;
	*kind = PROOF_PLAIN;
	if (!find_declaration(s, table, &of, &is_virtual, err))
		return false;
	if (!is_virtual)
		return true;
	*kind = PROOF_VIRTUAL;
	if (text_is_nocase(of.module, "fts5vocab") || text_is_nocase(of.module, "fts4aux")) {
		*kind = PROOF_DERIVED;
		return true;
	}
	bool fts5 = text_is_nocase(of.module, "fts5");
	if (of.content == NULL || (!fts5 && !text_is_nocase(of.module, "fts4")))
		return true;
	if (of.content[0] != '\0' && !is_there(s, of.content, &there, err))
		return false;
	*kind = there ? PROOF_DERIVED : fts5 ? PROOF_TERMS : PROOF_BLIND;
	return true;
}

/*
 * A table of terms stands for the table in a scan: made for it, and dropped again. Temporary, so
 * nothing of it is in the database.
 */
bool proof_terms_open(struct sqlite_db *s, const char *table, struct err *err)
{
	char *sql = sqlite3_mprintf("CREATE VIRTUAL TABLE temp." PROOF_TERMS_TABLE
				    " USING fts5vocab(main, \"%w\", instance)",
	    table);
	if (sql == NULL)
		err_die("out of memory");
	bool ok = sqlite_run(s, sql, err);
	sqlite3_free(sql);
	return ok;
}

bool proof_terms_close(struct sqlite_db *s, struct err *err)
{
	return sqlite_run(s, "DROP TABLE temp." PROOF_TERMS_TABLE, err);
}

bool proof_is_fts5(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	struct declaration of = {.module = ""};
	return find_declaration(s, table, &of, yes, err) &&
	       ((*yes = *yes && text_is_nocase(of.module, "fts5")), true);
}
