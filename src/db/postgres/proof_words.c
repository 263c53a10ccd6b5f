/*
 * What a statement says: the proof looks at what was done inside the transaction, so what acts
 * elsewhere, or on the proof itself, must not be done at all.
 */
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/proof.h"
#include "sql/lex.h"
#include "sql/match.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Called, they act outside of the transaction. A name with `_` at its end stands for all such. */
static const char *const outside[] = {"dblink", "dblink_", "lo_export", "pg_file_", NULL};

/* They change what the proof goes by. */
static const char *const hiding[] = {
    "track_counts", "heap_force_kill", "db_entry_before", "db_entry.counted", NULL};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

static bool is_gap(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_SPACE || token->kind == SQL_TOKEN_COMMENT;
}

/* Next token that is not space. */
static struct sql_token next(struct sql_lexer *lexer)
{
	struct sql_token token;
	do {
		token = sql_lex_next(lexer);
	} while (is_gap(&token));
	return token;
}

static struct sql_lexer lex(const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	sql_lex_init(&lexer, db_postgres.dialect, statement->text, statement->len, 1);
	return lexer;
}

static const char *skip_gap(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n\f\v");
		const char *end = text_starts(text, "/*") ? strstr(text, "*/") : NULL;
		if (end != NULL)
			text = end + strlen("*/");
		else if (text_starts(text, "--"))
			text += strcspn(text, "\r\n");
		else
			return text;
	}
}

/* Where `name` is called in the text, as a word and before a parenthesis. */
static bool calls(const char *text, const char *name)
{
	size_t len = strlen(name);
	bool all = name[len - 1] == '_';
	for (const char *at = text; (at = strcasestr(at, name)) != NULL; at += len) {
		const char *end = at + len;
		if (at > text && is_word(at[-1]))
			continue;
		while (all && is_word(*end))
			end++;
		end += *end == '"';
		if (*skip_gap(end) == '(')
			return true;
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = text; (at = strcasestr(at, word)) != NULL; at += len)
		if ((at == text || !is_word(at[-1])) && !is_word(at[len]))
			return true;
	return false;
}

bool pg_proof_says(const struct sql_statement *statement, const char *word)
{
	struct sql_lexer lexer;
	struct sql_token token;
	if (strcasestr(statement->text, word) == NULL)
		return false;
	lexer = lex(statement);
	while ((token = next(&lexer)).kind != SQL_TOKEN_END)
		for (size_t i = 0; i + strlen(word) <= token.len; i++)
			if (strncasecmp(token.text + i, word, strlen(word)) == 0)
				return true;
	return false;
}

/* COPY … TO a file, and to or from a program. */
static bool copies_outside(const struct sql_statement *statement)
{
	struct sql_lexer lexer = lex(statement);
	struct sql_token token = next(&lexer), before = token;
	int depth = 0;
	if (!sql_token_is(&token, "COPY"))
		return false;
	while ((token = next(&lexer)).kind != SQL_TOKEN_END) {
		bool target = depth == 0 && sql_token_is(&before, "TO");
		bool source = depth == 0 && sql_token_is(&before, "FROM");
		if ((target && token.kind == SQL_TOKEN_STRING) ||
		    ((target || source) && sql_token_is(&token, "PROGRAM")))
			return true;
		depth += token.len == 1 && *token.text == '(';
		depth -= token.len == 1 && *token.text == ')';
		before = token;
	}
	return false;
}

static bool begins_with(const struct sql_statement *statement, const char *word)
{
	struct sql_lexer lexer = lex(statement);
	struct sql_token token = next(&lexer);
	return sql_token_is(&token, word);
}

bool pg_proof_may_copy(const struct sql_statement *statement)
{
	static const char *const words[] = {"INSERT", "UPDATE", "MERGE", "COPY", "WITH", "SELECT",
	    "VALUES", "TABLE", "EXPLAIN", "DO", "CALL", "EXECUTE"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins_with(statement, words[i]))
			return true;
	return false;
}

/* Making a function is not calling it; making a table of what one gives is. */
static bool only_defines(const struct sql_statement *statement)
{
	struct sql_head head;
	sql_head_read(&head, db_postgres.dialect, statement->text, statement->len);
	return sql_head_matches(&head, "COMMENT") ||
	       (sql_head_matches(&head, "CREATE") &&
		   !sql_head_matches(&head, "CREATE ?GLOBAL|LOCAL ?TEMP|TEMPORARY|UNLOGGED"
					    " TABLE|MATERIALIZED"));
}

static bool changes_rows(const struct sql_statement *statement)
{
	return begins_with(statement, "INSERT") || begins_with(statement, "UPDATE") ||
	       begins_with(statement, "DELETE");
}

/* A string may be code for the function it is given to; where there is none it is a value. */
static void add_code(const struct sql_statement *statement, struct buf *out)
{
	struct sql_lexer lexer = lex(statement);
	struct sql_token token, before = {.kind = SQL_TOKEN_END};
	int depth = 0, call = 0; /* how deep the outermost call is */
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		bool named = before.kind == SQL_TOKEN_IDENTIFIER ||
			     (before.kind == SQL_TOKEN_WORD && !sql_token_is(&before, "VALUES"));
		depth += token.len == 1 && *token.text == '(';
		if (call == 0 && named && token.len == 1 && *token.text == '(')
			call = depth;
		if (token.kind != SQL_TOKEN_STRING || call > 0)
			buf_add(out, token.text, token.len);
		if (token.len == 1 && *token.text == ')' && depth-- == call)
			call = 0;
		if (!is_gap(&token))
			before = token;
	}
}

static const char *function_outside(const char *text)
{
	for (size_t i = 0; outside[i] != NULL; i++)
		if (strcasestr(text, outside[i]) != NULL && calls(text, outside[i]))
			return outside[i][strlen(outside[i]) - 1] == '_'
				   ? "a function for files or other"
				     " databases"
				   : outside[i];
	return NULL;
}

static const char *acts_outside(const struct sql_statement *statement)
{
	const char *text = statement->text, *found;
	if (copies_outside(statement))
		return "COPY to a file or a program";
	if (begins_with(statement, "DO") && has_word(text, "copy") && has_word(text, "program"))
		return "COPY with a program";
	if (only_defines(statement))
		return NULL;
	found = function_outside(text);
	if (found == NULL || !changes_rows(statement))
		return found;
	CLEANUP(buf_free) struct buf code = buf_init(statement->len + 1);
	add_code(statement, &code);
	return code.overflow ? found : function_outside(code.data);
}

bool pg_proof_refuses(const struct sql_statement *statement, struct err *err)
{
	const char *what;
	for (size_t i = 0; hiding[i] != NULL; i++) {
		if (!pg_proof_says(statement, hiding[i]))
			continue;
		err_set(err, ERR_DATABASE, "%s is what the proof goes by, and no migration's",
		    hiding[i]);
		err_next(err, "remove it");
		return true;
	}
	what = acts_outside(statement);
	if (what == NULL)
		return false;
	err_set(err, ERR_DESTRUCTIVE,
	    "BLOCKED: %s acts outside of the transaction, where nothing can be looked at or undone",
	    what);
	err_next(err, "put it into a migration of its own with -- db-entry: no-transaction, and "
		      "approve that");
	return true;
}

/* As the server folds it. */
static const char *name_of(const struct sql_token *token, struct arena *arena)
{
	size_t used = 0;
	char *name = arena_alloc(arena, token->len + 1);
	if (token->kind != SQL_TOKEN_IDENTIFIER) {
		for (size_t i = 0; i < token->len; i++)
			name[i] = (char)(token->text[i] >= 'A' && token->text[i] <= 'Z'
					     ? token->text[i] + ('a' - 'A')
					     : token->text[i]);
		return name;
	}
	for (size_t i = 1; i + 1 < token->len; i++) {
		name[used++] = token->text[i];
		i += token->text[i] == '"';
	}
	return name;
}

/* The UPDATE behind a WITH clause stands outside of its parentheses. */
static bool find_update(struct sql_lexer *lexer)
{
	struct sql_token token;
	int depth = 0;
	while ((token = next(lexer)).kind != SQL_TOKEN_END) {
		if (depth == 0 && sql_token_is(&token, "UPDATE"))
			return true;
		depth += token.len == 1 && *token.text == '(';
		depth -= token.len == 1 && *token.text == ')';
	}
	return false;
}

bool pg_proof_update_of(
    struct proof_update *update, const struct sql_statement *statement, struct arena *arena)
{
	struct sql_lexer lexer = lex(statement);
	struct sql_token token, dot;
	if (!find_update(&lexer))
		return false;
	token = next(&lexer);
	if (sql_token_is(&token, "ONLY"))
		token = next(&lexer);
	if (token.kind != SQL_TOKEN_WORD && token.kind != SQL_TOKEN_IDENTIFIER)
		return false;
	update->schema = NULL;
	update->name = name_of(&token, arena);
	dot = next(&lexer);
	if (dot.len != 1 || *dot.text != '.')
		return true;
	token = next(&lexer);
	update->schema = update->name;
	update->name = name_of(&token, arena);
	return true;
}
