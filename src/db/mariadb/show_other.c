/* SHOW CREATE of views, sequences and routines. */
#include "base/text.h"
#include "db/mariadb/show.h"
#include <string.h>
#include <strings.h>

static struct schema_object *add(
    struct my_reading *r, const struct schema_kind *kind, const char *name)
{
	struct schema_object *object = schema_add(r->schema, kind, r->arena);
	object->schema = object->parent = "";
	object->given = arena_strdup(r->arena, name);
	object->position = (int)r->schema->count;
	return object;
}

static const char *text_at(struct my_reading *r, const struct my_tokens *tokens, size_t i)
{
	return i < tokens->count ? my_token_text(&tokens->items[i], r->arena) : NULL;
}

const char *my_definer(const struct my_reading *r, const char *definer)
{
	return text_is(definer, r->account) ? NULL : arena_strdup(r->arena, definer);
}

const char *my_telling_mode(const char *mode, struct arena *arena)
{
	static const char *const telling[] = {"ANSI_QUOTES", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE",
	    "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT", "REAL_AS_FLOAT"};
	const char *list = NULL;
	for (size_t i = 0; mode != NULL && i < sizeof(telling) / sizeof(telling[0]); i++) {
		size_t len = strlen(telling[i]);
		for (const char *at = mode; *at != '\0';) {
			size_t own = strcspn(at, ",");
			if (own == len && strncasecmp(at, telling[i], len) == 0)
				list = my_list_add(list, telling[i], arena);
			at += own;
			at += *at == ',';
		}
	}
	return list;
}

/* DEFINER=`root`@`localhost`, and what is behind it. */
static size_t read_definer(
    struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *object)
{
	if (!my_tokens_are(tokens, i, "DEFINER ="))
		return i;
	const char *user = text_at(r, tokens, i + 2);
	i += 3;
	/* `@` may be a token by itself, or the first byte of the host's. */
	if (i < tokens->count && my_token_is_sign(&tokens->items[i], '@')) {
		user = arena_printf(r->arena, "%s@%s", user, text_at(r, tokens, i + 1));
		i += 2;
	} else if (i < tokens->count && *tokens->items[i].text == '@') {
		struct sql_token host = tokens->items[i];
		host.text++;
		host.len--;
		user = arena_printf(r->arena, "%s@%s", user, my_token_text(&host, r->arena));
		i++;
	}
	schema_set(object, "definer", my_definer(r, user));
	return i;
}

static size_t read_view_head(
    struct my_reading *r, const struct my_tokens *tokens, struct schema_object *view)
{
	size_t i = 1;
	if (my_tokens_are(tokens, i, "ALGORITHM =")) {
		if (!my_tokens_are(tokens, i + 2, "UNDEFINED"))
			schema_set(
			    view, "algorithm", my_lower(text_at(r, tokens, i + 2), r->arena));
		i += 3;
	}
	i = read_definer(r, tokens, i, view);
	if (my_tokens_are(tokens, i, "SQL SECURITY")) {
		if (!my_tokens_are(tokens, i + 2, "DEFINER"))
			schema_set(view, "security", my_lower(text_at(r, tokens, i + 2), r->arena));
		i += 3;
	}
	while (i < tokens->count && !my_tokens_are(tokens, i, "AS") &&
	       !my_token_is_sign(&tokens->items[i], '('))
		i++;
	if (i < tokens->count && my_token_is_sign(&tokens->items[i], '(')) {
		size_t close = my_tokens_close(tokens, i);
		schema_set(view, "columns", my_tokens_names(tokens, i + 1, close - 1, r->arena));
		i = close;
	}
	return i + 1;
}

void my_view_read(struct my_reading *r, const char *name, const char *text)
{
	struct schema_object *view = add(r, &my_kind_view, name);
	struct my_tokens tokens = {0};
	my_tokens_read(&tokens, text, true, r->arena);
	size_t first = read_view_head(r, &tokens, view), end = tokens.count;
	if (end > first + 4 && my_tokens_are(&tokens, end - 4, "WITH CASCADED CHECK OPTION"))
		end -= 4;
	else if (end > first + 4 && my_tokens_are(&tokens, end - 4, "WITH LOCAL CHECK OPTION"))
		end -= 4;
	if (end < tokens.count)
		schema_set(view, "checkOption", my_lower(text_at(r, &tokens, end + 1), r->arena));
	schema_set(view, "query", my_tokens_sql(r, &tokens, first, end));
}

/* --- Sequences --- */

static const struct setting {
	const char *pattern, *attribute, *usual;
	size_t words;
} settings[] = {
    {"AS", "type", "bigint", 1},
    {"START WITH", "start", "1", 2},
    {"MINVALUE", "minimum", "1", 1},
    {"MAXVALUE", "maximum", "9223372036854775806", 1},
    {"INCREMENT BY", "increment", "1", 2},
    {"CACHE", "cache", "1000", 1},
    {"ENGINE =", "engine", "InnoDB", 2},
    {"COMMENT =", "comment", "", 2},
};

static size_t read_setting(
    struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *sequence)
{
	for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s++) {
		if (!my_tokens_are(tokens, i, settings[s].pattern))
			continue;
		size_t value = i + settings[s].words;
		bool minus = value < tokens->count && my_token_is_sign(&tokens->items[value], '-');
		const char *text = text_at(r, tokens, value + minus);
		if (minus)
			text = arena_printf(r->arena, "-%s", text);
		if (!text_is_nocase(text, settings[s].usual))
			schema_set(sequence, settings[s].attribute, text);
		return value + minus + 1;
	}
	if (my_tokens_are(tokens, i, "CYCLE"))
		schema_set(sequence, "cycle", "true");
	if (my_tokens_are(tokens, i, "NOCACHE"))
		schema_set(sequence, "cache", "0");
	return i + 1;
}

void my_sequence_read(struct my_reading *r, const char *name, const char *text)
{
	struct schema_object *sequence = add(r, &my_kind_sequence, name);
	struct my_tokens tokens = {0};
	my_tokens_read(&tokens, text, true, r->arena);
	for (size_t i = 3; i < tokens.count;)
		i = read_setting(r, &tokens, i, sequence);
}

/* --- Routines --- */

/* A characteristic; where none begins, the body does. */
static size_t read_characteristic(
    struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *routine)
{
	static const char *const accesses[] = {
	    "NO SQL", "CONTAINS SQL", "READS SQL DATA", "MODIFIES SQL DATA"};
	for (size_t a = 0; a < sizeof(accesses) / sizeof(accesses[0]); a++)
		if (my_tokens_are(tokens, i, accesses[a])) {
			if (a != 1)
				schema_set(routine, "dataAccess", my_lower(accesses[a], r->arena));
			return i + (a < 2 ? 2 : 3);
		}
	if (my_tokens_are(tokens, i, "DETERMINISTIC")) {
		schema_set(routine, "deterministic", "true");
		return i + 1;
	}
	if (my_tokens_are(tokens, i, "NOT DETERMINISTIC"))
		return i + 2;
	if (my_tokens_are(tokens, i, "SQL SECURITY")) {
		if (!my_tokens_are(tokens, i + 2, "DEFINER"))
			schema_set(
			    routine, "security", my_lower(text_at(r, tokens, i + 2), r->arena));
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "LANGUAGE")) {
		if (!my_tokens_are(tokens, i + 1, "SQL"))
			schema_set(routine, "language", text_at(r, tokens, i + 1));
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "COMMENT") && i + 1 < tokens->count &&
	    tokens->items[i + 1].kind == SQL_TOKEN_STRING) {
		schema_set(routine, "comment", text_at(r, tokens, i + 1));
		return i + 2;
	}
	return i;
}

/* The type ends with its line. */
static size_t read_returns(
    struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *routine)
{
	size_t first = i + 1;
	if (!my_tokens_are(tokens, i, "RETURNS") && !my_tokens_are(tokens, i, "RETURN"))
		return i;
	for (i = first; i < tokens->count && tokens->items[i].line == tokens->items[first].line;)
		i++;
	schema_set(routine, "returns", my_tokens_sql(r, tokens, first, i));
	return i;
}

/* What stands behind the name, as it was written: space and comments are part of it. */
static const char *rest_of(const struct my_tokens *tokens, size_t i, struct arena *arena)
{
	return i < tokens->count ? arena_strdup(arena, tokens->items[i].text) : NULL;
}

static size_t read_arguments(
    struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *routine)
{
	if (i >= tokens->count || !my_token_is_sign(&tokens->items[i], '('))
		return i;
	size_t close = my_tokens_close(tokens, i);
	schema_set(routine, "arguments", my_tokens_sql(r, tokens, i + 1, close - 1));
	return close;
}

/* With ANSI_QUOTES the server writes the names before the arguments so: user, host and name. */
static const char *with_backticks(const char *text, struct arena *arena)
{
	char *copy = arena_strdup(arena, text);
	if (!text_starts(text, "CREATE DEFINER=\""))
		return copy;
	int quotes = 6;
	for (char *at = copy; *at != '\0' && quotes > 0; at++) {
		if (*at != '"')
			continue;
		*at = '`';
		quotes--;
	}
	return copy;
}

void my_routine_read(struct my_reading *r, const struct schema_kind *kind, const char *name,
    const char *mode, const char *text)
{
	struct schema_object *routine = add(r, kind, name);
	struct my_tokens tokens = {0};
	my_tokens_read(&tokens, with_backticks(text, r->arena), false, r->arena);
	schema_set(routine, "sqlMode", my_telling_mode(mode, r->arena));
	size_t i = read_definer(r, &tokens, 1, routine), next = i;
	if (my_tokens_are(&tokens, i, "AGGREGATE")) {
		schema_set(routine, "aggregate", "true");
		i++;
	}
	i += kind == &my_kind_package_body ? 3 : 2; /* and the name */
	i = read_arguments(r, &tokens, i, routine);
	if (kind == &my_kind_function)
		i = read_returns(r, &tokens, i, routine);
	while ((next = read_characteristic(r, &tokens, i, routine)) != i)
		i = next;
	schema_set(routine, "body", rest_of(&tokens, i, r->arena));
}
