#include "sql/script.h"
#include "sql/match.h"
#include <stdio.h>
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
	case SQL_EITHER: /* before BEGIN and behind COMMIT as well */
		return true;
	case SQL_PLAIN:
	case SQL_LATE:
	case SQL_COMMITS:
		break;
	}
	return check_plain(script, statement, pair, err);
}

/*
 * Where a file's own transactions are dropped, each has to be committed: what the file gives up by
 * its end must not be kept. Whatever commits by itself has committed it, too.
 */
static bool check_own_pairs(const struct sql_script *script, struct err *err)
{
	const struct sql_statement *begin = NULL;

	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		struct pair any = {0};

		if (statement->class == SQL_BEGIN)
			begin = statement;
		else if (statement->class == SQL_COMMIT || statement->class == SQL_COMMITS)
			begin = NULL;
		else if (!check_inside(script, statement, &any, err))
			return false;
	}
	return begin == NULL || refuse(script, begin, "there is no COMMIT for it",
				    "end the file with COMMIT; or remove it", err);
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
	case SQL_EITHER:
	case SQL_LATE:
	case SQL_OUTSIDE:
	case SQL_COMMITS:
	case SQL_ABSORBED:
		break;
	}
	return true;
}

static bool is_text(const struct sql_token *token, const struct sql_token *text)
{
	return token->kind == SQL_TOKEN_STRING && token->len == text->len &&
	       memcmp(token->text, text->text, text->len) == 0;
}

static bool has_text(const struct dialect *dialect, const struct sql_statement *statement,
    const struct sql_token *text)
{
	struct sql_lexer lexer;
	struct sql_token token;

	sql_lex_init(&lexer, dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (is_text(&token, text))
			return true;
	return false;
}

/* A type made by the same file takes new values at once, as of PostgreSQL 17. */
static bool makes_type(const struct dialect *dialect, const struct sql_statement *statement,
    const struct sql_token *type)
{
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;

	sql_head_read(&head, dialect, statement->text, statement->len);
	return sql_head_capture(&head, dialect->makes_type, captured, NULL) &&
	       captured[0].name.len == type->len &&
	       memcmp(captured[0].name.text, type->text, type->len) == 0;
}

/* In one transaction nobody may use a value that it added: ALTER TYPE … ADD VALUE. */
static bool check_late(const struct sql_script *script, size_t at, struct err *err)
{
	const struct sql_statement *statement = &script->statements[at];
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;
	char why[120];

	sql_head_read(&head, script->dialect, statement->text, statement->len);
	sql_head_capture(&head, script->dialect->adds_value, captured, NULL);
	for (size_t i = 0; i < at; i++)
		if (makes_type(script->dialect, &script->statements[i], &captured[0].name))
			return true;
	for (size_t i = at + 1; i < script->count; i++) {
		const struct sql_statement *user = &script->statements[i];

		if (user->class != SQL_PLAIN || !has_text(script->dialect, user, &captured[1].name))
			continue;
		snprintf(why, sizeof(why),
		    "it uses the value that line %d adds, and in one transaction it can't",
		    statement->line);
		return refuse(script, user, why, statement->advice, err);
	}
	return true;
}

/*
 * Nothing but what can't be run in a transaction, and settings for it: then there is only one way
 * to run it, and nobody has to say so.
 */
static bool runs_outside(const struct sql_script *script)
{
	bool outside = false;

	for (size_t i = 0; i < script->count; i++) {
		enum sql_class class = script->statements[i].class;

		if (class != SQL_OUTSIDE && class != SQL_EITHER && class != SQL_ABSORBED)
			return false;
		outside = outside || class == SQL_OUTSIDE;
	}
	return outside;
}

/* Outside a transaction nothing is absorbed; inside one what the run does itself is. */
static void drop_absorbed(struct sql_script *script)
{
	size_t kept = 0;

	for (size_t i = 0; i < script->count; i++) {
		enum sql_class class = script->statements[i].class;

		if (class == SQL_PLAIN || class == SQL_EITHER || class == SQL_LATE ||
		    class == SQL_COMMITS)
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

static bool check_inside_all(const struct sql_script *script, struct err *err)
{
	struct pair pair = {0};

	if (script->dialect->own_pairs)
		return check_own_pairs(script, err);
	for (size_t i = 0; i < script->count; i++)
		if (!check_inside(script, &script->statements[i], &pair, err) ||
		    (script->statements[i].class == SQL_LATE && !check_late(script, i, err)))
			return false;
	return pair.begin == NULL || pair.commit != NULL ||
	       refuse(script, pair.begin, "there is no COMMIT for it",
		   "end the file with COMMIT; or remove it", err);
}

static bool check_outside_all(const struct sql_script *script, struct err *err)
{
	for (size_t i = 0; i < script->count; i++)
		if (!check_outside(script, &script->statements[i], err))
			return false;
	return true;
}

static const struct sql_statement *first_of(const struct sql_script *script, enum sql_class class)
{
	for (size_t i = 0; i < script->count; i++)
		if (script->statements[i].class == class)
			return &script->statements[i];
	return NULL;
}

bool sql_make_runnable(struct sql_script *script, bool no_transaction, struct err *err)
{
	bool absorbs = !no_transaction && !runs_outside(script);

	for (size_t i = 0; i < script->count; i++)
		if (script->statements[i].parameter != NULL)
			return refuse_parameter(script, &script->statements[i], err);
	if (absorbs ? !check_inside_all(script, err) : !check_outside_all(script, err))
		return false;
	if (absorbs || script->dialect->own_pairs)
		drop_absorbed(script);
	script->commits = first_of(script, SQL_COMMITS);
	script->changes = first_of(script, SQL_PLAIN);
	script->transaction = absorbs && script->commits == NULL;
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

bool sql_is_setting(const struct dialect *dialect, const struct sql_statement *statement)
{
	struct sql_head head;

	sql_head_read(&head, dialect, statement->text, statement->len);
	return sql_head_matches(&head, dialect->settings);
}

bool sql_is_session_bound(const struct dialect *dialect, const struct sql_statement *statement)
{
	struct sql_head head;

	sql_head_read(&head, dialect, statement->text, statement->len);
	return sql_head_matches_any(&head, dialect->session_bound);
}
