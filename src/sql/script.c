#include "sql/script.h"
#include "sql/lex.h"
#include <string.h>

static const char ellipsis[] = "…";

/* A message being written, one line of limited size. */
struct line {
	char *out;
	size_t size, used;
	bool cut;
};

/* Where a file's own BEGIN … COMMIT pair stands, on the way through its statements. */
struct pair {
	const struct sql_statement *begin, *commit; /* NULL: not come yet */
	bool late;                                  /* statements stand before it */
};

/* Say what can't be run and why, and what to do: `advice`, or else what the rule says. */
static bool refuse(const struct sql_script *script, const struct sql_statement *statement,
    const char *why, const char *advice, struct err *err)
{
	char summary[120];

	sql_summary(script->dialect, statement, summary, sizeof(summary));
	err_set(err, ERR_MALFORMED, "%s: %s", summary, why);
	if (advice == NULL)
		advice = statement->advice;
	if (advice != NULL)
		err_next(err, "%s", advice);
	return err_at(err, statement->file, statement->line);
}

static bool check_begin(const struct sql_script *script, const struct sql_statement *statement,
    struct pair *pair, struct err *err)
{
	if (pair->commit != NULL)
		return refuse(script, statement,
		    "a second transaction, and a migration runs in one",
		    "split the file: one migration for each BEGIN … COMMIT", err);
	if (pair->begin != NULL)
		return refuse(script, statement, "a BEGIN inside BEGIN … COMMIT", "remove it", err);
	if (pair->late)
		return refuse(script, statement,
		    "statements stand before it, and a migration runs in one transaction",
		    "move it to the top, or remove it and its COMMIT", err);
	pair->begin = statement;
	return true;
}

static bool check_commit(const struct sql_script *script, const struct sql_statement *statement,
    struct pair *pair, struct err *err)
{
	if (pair->begin == NULL || pair->commit != NULL)
		return refuse(script, statement, "there is no BEGIN before it",
		    "remove it: a migration's transaction is committed for it", err);
	pair->commit = statement;
	return true;
}

static bool check_plain(const struct sql_script *script, const struct sql_statement *statement,
    struct pair *pair, struct err *err)
{
	if (pair->commit != NULL)
		return refuse(script, statement,
		    "it stands behind COMMIT, and a migration runs in one transaction",
		    "move it before COMMIT, or into a migration of its own", err);
	if (pair->begin == NULL)
		pair->late = true;
	return true;
}

static bool check_inside(const struct sql_script *script, const struct sql_statement *statement,
    struct pair *pair, struct err *err)
{
	switch (statement->class) {
	case SQL_BEGIN:
		return check_begin(script, statement, pair, err);
	case SQL_COMMIT:
		return check_commit(script, statement, pair, err);
	case SQL_OUTSIDE:
		return refuse(script, statement, "it can't be run inside a transaction", NULL, err);
	case SQL_CONTROL:
		return refuse(
		    script, statement, "transaction control inside a migration", NULL, err);
	case SQL_FORBIDDEN:
		return refuse(script, statement, "not allowed in a migration", NULL, err);
	case SQL_ABSORBED:
		return true;
	case SQL_PLAIN:
		break;
	}
	return check_plain(script, statement, pair, err);
}

static bool check_outside(
    const struct sql_script *script, const struct sql_statement *statement, struct err *err)
{
	switch (statement->class) {
	case SQL_BEGIN:
	case SQL_COMMIT:
	case SQL_CONTROL:
		return refuse(script, statement,
		    "transaction control in a no-transaction migration",
		    "remove it, or remove -- db-entry: no-transaction", err);
	case SQL_FORBIDDEN:
		return refuse(script, statement, "not allowed in a migration", NULL, err);
	case SQL_PLAIN:
	case SQL_OUTSIDE:
	case SQL_ABSORBED:
		break;
	}
	return true;
}

/* Outside a transaction nothing is absorbed; inside one only plain statements are left. */
static void keep_plain(struct sql_script *script)
{
	size_t kept = 0;

	for (size_t i = 0; i < script->count; i++) {
		if (script->statements[i].class == SQL_PLAIN)
			script->statements[kept++] = script->statements[i];
	}
	script->count = kept;
}

/* The engine would take NULL for it. */
static bool refuse_parameter(
    const struct sql_script *script, const struct sql_statement *statement, struct err *err)
{
	char summary[120];

	sql_summary(script->dialect, statement, summary, sizeof(summary));
	err_set(err, ERR_MALFORMED, "%s: the parameter %s has no value in a migration", summary,
	    statement->parameter);
	err_next(err, "write the value itself, or quotes around it if it is a text");
	return err_at(err, statement->file, statement->parameter_line);
}

bool sql_make_runnable(struct sql_script *script, bool transaction, struct err *err)
{
	struct pair pair = {0};

	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];

		if (statement->parameter != NULL)
			return refuse_parameter(script, statement, err);
		if (transaction ? !check_inside(script, statement, &pair, err)
				: !check_outside(script, statement, err))
			return false;
	}
	if (pair.begin != NULL && pair.commit == NULL)
		return refuse(script, pair.begin, "there is no COMMIT for it",
		    "end the file with COMMIT; or remove it", err);
	if (transaction)
		keep_plain(script);
	return true;
}

static void line_add(struct line *line, char byte)
{
	if (line->used + 1 < line->size)
		line->out[line->used++] = byte;
	else
		line->cut = true;
}

static void line_add_token(struct line *line, const struct sql_token *token)
{
	for (size_t i = 0; i < token->len; i++) {
		char byte = token->text[i];

		line_add(line, byte == '\n' || byte == '\r' || byte == '\t' ? ' ' : byte);
	}
}

static void line_end(struct line *line)
{
	if (line->cut) {
		line->used = line->size > sizeof(ellipsis) ? line->size - sizeof(ellipsis) : 0;
		while (line->used > 0 && ((unsigned char)line->out[line->used] & 0xC0) == 0x80)
			line->used--;
		if (line->size >= sizeof(ellipsis)) {
			memcpy(line->out + line->used, ellipsis, strlen(ellipsis));
			line->used += strlen(ellipsis);
		}
	}
	line->out[line->used] = '\0';
}

void sql_summary(
    const struct dialect *dialect, const struct sql_statement *statement, char *out, size_t size)
{
	struct line line = {.out = out, .size = size};
	struct sql_lexer lexer;
	struct sql_token token;
	bool gap = false;

	if (size == 0)
		return;
	sql_lex_init(&lexer, dialect, statement->text, statement->len, statement->line);
	while (!line.cut && (token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token)) {
			gap = true;
			continue;
		}
		if (gap && line.used > 0)
			line_add(&line, ' ');
		gap = false;
		line_add_token(&line, &token);
	}
	line_end(&line);
}
