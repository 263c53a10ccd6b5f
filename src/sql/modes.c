#include "sql/modes.h"
#include "base/text.h"
#include "sql/match.h"
#include "sql/risk.h"
#include <string.h>
#include <strings.h>

enum {
	ASSIGNMENT_TOKENS = 64
};

/* What a user variable of the file has kept. */
struct sql_saved_mode {
	const char *variable;
	const struct dialect *mode; /* NULL: it is a character set, one in which all can be read */
};

/* One assignment of a SET. */
struct assignment {
	struct sql_token tokens[ASSIGNMENT_TOKENS];
	size_t count;
};

static const struct {
	const char *name;
	unsigned flags;
} mode_names[] = {
    {"ANSI_QUOTES", SQL_MODE_ANSI_QUOTES},
    {"NO_BACKSLASH_ESCAPES", SQL_MODE_NO_BACKSLASHES},
    /* These stand for several, and ANSI_QUOTES is one of them. */
    {"ANSI", SQL_MODE_ANSI_QUOTES},
    {"DB2", SQL_MODE_ANSI_QUOTES},
    {"MAXDB", SQL_MODE_ANSI_QUOTES},
    {"MSSQL", SQL_MODE_ANSI_QUOTES},
    {"ORACLE", SQL_MODE_ANSI_QUOTES},
    {"POSTGRESQL", SQL_MODE_ANSI_QUOTES},
};

static unsigned flags_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++)
		if (strlen(mode_names[i].name) == len &&
		    strncasecmp(mode_names[i].name, name, len) == 0)
			return mode_names[i].flags;
	return 0;
}

const struct dialect *sql_dialect_in_modes(
    const struct dialect *dialect, const char *modes, size_t len)
{
	const char *at = modes, *end = modes + len;
	unsigned flags = 0;

	if (dialect->modes == NULL)
		return dialect;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma != NULL ? comma : end;

		while (at < stop && *at == ' ')
			at++;
		while (stop > at && stop[-1] == ' ')
			stop--;
		flags |= flags_of(at, (size_t)(stop - at));
		at = comma != NULL ? comma + 1 : end;
	}
	return dialect->modes[flags];
}

static bool is_name(const struct sql_token *token, const char *name)
{
	bool quoted = token->kind == SQL_TOKEN_IDENTIFIER;
	size_t len = token->len - (quoted ? 2 : 0);

	return (quoted || token->kind == SQL_TOKEN_WORD) && len == strlen(name) &&
	       strncasecmp(token->text + (quoted ? 1 : 0), name, len) == 0;
}

static bool is_system(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 2 && *token->text == '@';
}

static bool is_equals(const struct sql_token *token)
{
	return sql_token_is_sign(token, '=') ||
	       (token->kind == SQL_TOKEN_OPERATOR && token->len == 2 && *token->text == ':');
}

/* The name of the user variable that stands here; NULL: none does. */
static const char *variable_at(const struct assignment *a, size_t at, struct arena *arena)
{
	const struct sql_token *name = &a->tokens[at + 1];
	bool quoted;

	if (at + 1 >= a->count || !sql_token_is_sign(&a->tokens[at], '@'))
		return NULL;
	quoted = name->kind != SQL_TOKEN_WORD;
	return arena_strndup(arena, name->text + quoted, name->len - (quoted ? 2 : 0));
}

static struct sql_saved_mode *find_saved(const struct sql_modes *modes, const char *variable)
{
	for (size_t i = 0; i < modes->count; i++)
		if (text_is_nocase(modes->saved[i].variable, variable))
			return &modes->saved[i];
	return NULL;
}

/* Where the value of an assignment begins, and in *name where the setting's name stands. */
static size_t value_of(const struct assignment *a, size_t *name)
{
	for (size_t i = 1; i < a->count; i++) {
		if (!is_equals(&a->tokens[i]))
			continue;
		*name = i - 1;
		return i + 1;
	}
	*name = 0;
	return a->count;
}

static bool is_global(const struct assignment *a)
{
	static const char *const scopes[] = {"GLOBAL", "PERSIST", "PERSIST_ONLY"};
	size_t at = is_system(&a->tokens[0]) ? 1 : 0;

	for (size_t i = 0; at < a->count && i < sizeof(scopes) / sizeof(*scopes); i++)
		if (sql_token_is(&a->tokens[at], scopes[i]))
			return true;
	return false;
}

static bool reads(const struct assignment *a, size_t value, const char *setting)
{
	size_t at = value;

	if (at >= a->count || !is_system(&a->tokens[at]))
		return false;
	at++;
	if (at + 2 < a->count && sql_token_is_sign(&a->tokens[at + 1], '.'))
		at += 2;
	return at + 1 == a->count && is_name(&a->tokens[at], setting);
}

/* What a variable keeps is what is now; or nobody knows what. */
static void keep(
    struct sql_modes *modes, const char *variable, bool mode, bool charset, struct arena *arena)
{
	struct sql_saved_mode *saved = find_saved(modes, variable);

	if (!mode && !charset) {
		if (saved != NULL)
			saved->variable = "";
		return;
	}
	if (saved == NULL) {
		modes->saved = arena_grow(
		    arena, modes->saved, modes->count, &modes->capacity, sizeof(*modes->saved));
		saved = &modes->saved[modes->count++];
	}
	*saved = (struct sql_saved_mode){variable, mode ? modes->now : NULL};
}

/* SET @old = @@sql_mode */
static void keep_assigned(struct sql_modes *modes, const struct assignment *a, struct arena *arena)
{
	const char *variable = variable_at(a, 0, arena);
	size_t name, value = value_of(a, &name);

	if (variable != NULL)
		keep(modes, variable, reads(a, value, "sql_mode"),
		    reads(a, value, "character_set_client"), arena);
}

/* What a value says of the modes, each of its parts by itself; NULL: nothing, or not to be told. */
struct opinion {
	const struct dialect *mode;
	bool unclear;
};

static void agree(struct opinion *opinion, const struct dialect *mode)
{
	opinion->unclear =
	    opinion->unclear || mode == NULL || (opinion->mode != NULL && opinion->mode != mode);
	opinion->mode = mode;
}

static const struct dialect *literal(const struct dialect *dialect, const struct sql_token *token)
{
	return sql_dialect_in_modes(dialect, token->text + 1, token->len - 2);
}

/* CONCAT(@@sql_mode, ',NO_ZERO_DATE'), IFNULL(@old, ''): when all of it is of one mode. */
static struct opinion opinion_of(
    const struct sql_modes *modes, const struct assignment *a, size_t value, struct arena *arena)
{
	struct opinion opinion = {NULL, false};
	const struct sql_token *only = &a->tokens[value];

	/* A name is taken for what it says, also in quotes. */
	if (a->count - value == 1 && only->kind == SQL_TOKEN_WORD) {
		agree(&opinion, sql_dialect_in_modes(modes->now, only->text, only->len));
		return opinion;
	}
	if (a->count - value == 1 && only->kind == SQL_TOKEN_IDENTIFIER) {
		agree(&opinion, literal(modes->now, only));
		return opinion;
	}
	for (size_t i = value; i < a->count; i++) {
		const struct sql_token *token = &a->tokens[i];
		const char *variable = variable_at(a, i, arena);
		const struct sql_saved_mode *saved =
		    variable != NULL ? find_saved(modes, variable) : NULL;

		if (variable != NULL)
			agree(&opinion, saved != NULL ? saved->mode : NULL);
		else if (is_system(token))
			agree(&opinion, modes->now);
		else if (token->kind == SQL_TOKEN_STRING)
			agree(&opinion, literal(modes->now, token));
		else if (token->kind == SQL_TOKEN_NUMBER)
			agree(&opinion,
			    token->len == 1 && *token->text == '0' ? modes->now->modes[0] : NULL);
		i += variable != NULL;
	}
	opinion.unclear = opinion.unclear || opinion.mode == NULL;
	return opinion;
}

static bool refuse(
    const struct sql_statement *statement, const char *what, const char *advice, struct err *err)
{
	char summary[120];

	sql_summary(statement->dialect, statement, summary, sizeof(summary));
	err_set(err, ERR_MALFORMED, "%s: %s", summary, what);
	err_next(err, "%s", advice);
	return err_at(err, statement->file, statement->line);
}

/* All of these have ASCII's quotes and backslash, and no character that has one inside. */
static bool is_readable_charset(const struct sql_token *token)
{
	static const char *const charsets[] = {"utf8mb4", "utf8", "utf8mb3", "binary", "ascii",
	    "latin1", "latin2", "cp1250", "cp1251", "cp1252", "cp850", "cp852", "cp866", "koi8r",
	    "koi8u", "greek", "hebrew", "latin5", "latin7", "default"};
	bool quoted = token->kind == SQL_TOKEN_STRING || token->kind == SQL_TOKEN_IDENTIFIER;

	for (size_t i = 0; i < sizeof(charsets) / sizeof(*charsets); i++)
		if (strlen(charsets[i]) == token->len - (quoted ? 2 : 0) &&
		    strncasecmp(charsets[i], token->text + quoted, strlen(charsets[i])) == 0)
			return true;
	return false;
}

static bool check_charset(const struct sql_modes *modes, const struct assignment *a, size_t value,
    const struct sql_statement *statement, struct arena *arena, struct err *err)
{
	const char *variable = variable_at(a, value, arena);
	const struct sql_saved_mode *saved = variable != NULL ? find_saved(modes, variable) : NULL;

	if ((saved != NULL && saved->mode == NULL) ||
	    (variable == NULL && value < a->count && is_readable_charset(&a->tokens[value])))
		return true;
	return refuse(statement, "the rest of the file can't be read in that character set",
	    "save the file as UTF-8 text, and write SET NAMES utf8mb4 or nothing", err);
}

static bool take_mode(struct sql_modes *modes, const struct assignment *a, size_t value,
    const struct sql_statement *statement, struct arena *arena, struct err *err)
{
	struct opinion opinion = opinion_of(modes, a, value, arena);

	if (opinion.unclear)
		return refuse(statement,
		    "whether quotes and backslashes mean the same behind it "
		    "can't be told",
		    "write the modes as one string: SET sql_mode = '…'", err);
	if (opinion.mode != modes->now && statement->conditional)
		return refuse(statement,
		    "not all servers execute it, and quotes or backslashes "
		    "mean something else behind it",
		    "write it without the executable comment", err);
	modes->now = opinion.mode;
	return true;
}

static bool follow(struct sql_modes *modes, const struct assignment *a,
    const struct sql_statement *statement, struct arena *arena, struct err *err)
{
	size_t name, value = value_of(a, &name);

	if (a->count == 0)
		return true;
	if (sql_token_is(&a->tokens[0], "NAMES"))
		return check_charset(modes, a, 1, statement, arena, err);
	if (sql_token_is(&a->tokens[0], "CHARSET"))
		return check_charset(modes, a, 1, statement, arena, err);
	if (sql_token_is(&a->tokens[0], "CHARACTER") || sql_token_is(&a->tokens[0], "CHAR"))
		return check_charset(modes, a, 2, statement, arena, err);
	keep_assigned(modes, a, arena);
	if (is_global(a) || sql_token_is_sign(&a->tokens[0], '@'))
		return true;
	if (is_name(&a->tokens[name], "character_set_client"))
		return check_charset(modes, a, value, statement, arena, err);
	return !is_name(&a->tokens[name], "sql_mode") ||
	       take_mode(modes, a, value, statement, arena, err);
}

/* Not of a variable of the file's own. */
static bool sets_setting(const struct assignment *a)
{
	return a->count > 0 && !sql_token_is_sign(&a->tokens[0], '@');
}

/* Rules look no further than a head: what may stand behind it must not be a setting. */
static bool refuse_long(const struct sql_statement *statement, struct err *err)
{
	return refuse(statement, "too long to be read, with a setting in it",
	    "give each setting a statement of its own", err);
}

static bool follow_set(struct sql_modes *modes, const struct sql_head *head,
    const struct sql_statement *statement, struct arena *arena, struct err *err)
{
	struct assignment assignment = {.count = 0};
	struct sql_lexer lexer;
	struct sql_token token;
	bool begun = false;
	int depth = 0;

	sql_lex_init(&lexer, modes->now, statement->text, statement->len, 1);
	do {
		token = sql_lex_next(&lexer);
		if (sql_token_is_gap(&token))
			continue;
		depth += sql_token_is_sign(&token, '(') - sql_token_is_sign(&token, ')');
		if (token.kind == SQL_TOKEN_END || (depth == 0 && sql_token_is_sign(&token, ','))) {
			if ((head->count == SQL_HEAD && sets_setting(&assignment) &&
				!refuse_long(statement, err)) ||
			    !follow(modes, &assignment, statement, arena, err))
				return false;
			assignment.count = 0;
		} else if (begun && assignment.count < ASSIGNMENT_TOKENS) {
			assignment.tokens[assignment.count++] = token;
		}
		begun = true;
	} while (token.kind != SQL_TOKEN_END);
	return true;
}

/* Most statements need no second reading. */
static bool may_speak_of_saved(const struct sql_modes *modes, const struct sql_statement *statement)
{
	const char *at = statement->text, *end = at + statement->len;

	while (modes->count > 0 && (at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		at += 1;
		at += at < end && strchr("`'\"", *at) != NULL;
		for (size_t i = 0; i < modes->count; i++) {
			size_t len = strlen(modes->saved[i].variable);

			if (len > 0 && len <= (size_t)(end - at) &&
			    strncasecmp(at, modes->saved[i].variable, len) == 0)
				return true;
		}
	}
	return false;
}

/* SELECT @@sql_mode INTO @old; whoever else speaks of a variable may have changed it. */
static void follow_other(struct sql_modes *modes, const struct sql_head *head,
    const struct sql_statement *statement, struct arena *arena)
{
	struct sql_capture captured[SQL_CAPTURES];
	struct assignment two = {.count = 0};
	struct sql_lexer lexer;
	struct sql_token token;

	if (!may_speak_of_saved(modes, statement) &&
	    !sql_head_matches(head, "SELECT @@ ... INTO @"))
		return;
	if (sql_head_capture(
		head, "SELECT @@ ?SESSION|LOCAL ?. sql_mode INTO @ * ;", captured, NULL)) {
		keep(modes, sql_token_name(&captured[0].name, arena), true, false, arena);
		return;
	}
	sql_lex_init(&lexer, modes->now, statement->text, statement->len, 1);
	while (modes->count > 0 && (token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		two.tokens[0] = two.tokens[1];
		two.tokens[1] = token;
		two.count = 2;
		if (two.tokens[0].text != NULL && variable_at(&two, 0, arena) != NULL)
			keep(modes, variable_at(&two, 0, arena), false, false, arena);
	}
}

bool sql_modes_follow(struct sql_modes *modes, const struct sql_statement *statement,
    const struct sql_head *head, struct arena *arena, struct err *err)
{
	if (modes->now->modes == NULL)
		return true;
	/* For one statement, which has been read already. */
	if (sql_head_matches(head, "SET STATEMENT"))
		return true;
	if (sql_head_matches(head, "SET"))
		return follow_set(modes, head, statement, arena, err);
	follow_other(modes, head, statement, arena);
	return true;
}
