/* Tables in short: "id:uuid:pk,price:decimal(10,2)". */
#include "base/text.h"
#include "schema/mirror.h"
#include "schema/tokens.h"
#include <ctype.h>
#include <string.h>

enum mirror_flag mirror_flag(const char *word)
{
	static const struct {
		const char *word;
		enum mirror_flag flag;
	} flags[] = {
	    {"pk", MIRROR_FLAG_PRIMARY},
	    {"primary", MIRROR_FLAG_PRIMARY},
	    {"primarykey", MIRROR_FLAG_PRIMARY},
	    {"unique", MIRROR_FLAG_UNIQUE},
	    {"notnull", MIRROR_FLAG_NOT_NULL},
	    {"required", MIRROR_FLAG_NOT_NULL},
	    {"null", MIRROR_FLAG_NULL},
	    {"nullable", MIRROR_FLAG_NULL},
	};
	char plain[16] = "";
	size_t len = 0;
	for (; *word != '\0'; word++) {
		if (*word == ' ' || *word == '-' || *word == '_')
			continue;
		if (len + 1 >= sizeof(plain))
			return MIRROR_FLAG_NONE;
		plain[len++] = (char)tolower((unsigned char)*word);
	}
	plain[len] = '\0';
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(plain, flags[i].word) == 0)
			return flags[i].flag;
	return MIRROR_FLAG_NONE;
}

/* The end of a part: the first `separator` outside parentheses and quotes, or the text's end. */
static const char *part_end(const char *text, char separator)
{
	int depth = 0;
	char quote = '\0';
	for (; *text != '\0'; text++) {
		if (quote != '\0') {
			quote = *text == quote ? '\0' : quote;
			continue;
		}
		if (*text == separator && depth <= 0)
			break;
		depth += (*text == '(') - (*text == ')');
		quote = *text == '\'' || *text == '"' ? *text : '\0';
	}
	return text;
}

static char *part(struct arena *arena, const char *start, const char *end)
{
	while (start < end && isspace((unsigned char)*start))
		start++;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	return arena_strndup(arena, start, (size_t)(end - start));
}

struct shorthand {
	struct schema *schema;
	struct arena *arena;
	const char *table;
	const char *primary; /* SCHEMA_TERMS so far; NULL: none */
	int position;
};

static struct schema_object *add(struct shorthand *s, const char *plural)
{
	const struct schema_kind *kind = schema_kind_of(s->schema, plural);
	struct schema_object *object = schema_add(s->schema, kind, s->arena);
	object->parent = s->table;
	object->position = ++s->position;
	return object;
}

static const char *quoted(const struct shorthand *s, const char *name)
{
	CLEANUP(buf_free) struct buf text = buf_init(1 << 20);
	schema_tokens_quote(s->schema->dialect, name, &text);
	return arena_strndup(s->arena, text.data, text.len);
}

static bool read_flag(
    struct shorthand *s, size_t column, const char *name, const char *word, struct err *err)
{
	const char *term = quoted(s, name);
	switch (mirror_flag(word)) {
	case MIRROR_FLAG_PRIMARY:
		s->primary = s->primary == NULL ? term
						: arena_printf(s->arena, "%s%c%s", s->primary,
						      SCHEMA_SEPARATOR, term);
		return true;
	case MIRROR_FLAG_UNIQUE:
		schema_set(add(s, "uniques"), "columns", term);
		return true;
	case MIRROR_FLAG_NOT_NULL:
		schema_set(&s->schema->objects[column], "notNull", "true");
		return true;
	case MIRROR_FLAG_NULL:
		return true;
	default:
		err_set(err, ERR_USAGE, "column %s: '%s' is no flag", name, word);
		return err_next(err, "pk, unique, notnull, null");
	}
}

/* name:type[:flag…] */
static bool read_column(struct shorthand *s, const char *text, const char *end, struct err *err)
{
	const char *own = part(s->arena, text, end), *stop = part_end(own, ':');
	const char *name = part(s->arena, own, stop);
	if (*name == '\0')
		return err_set(err, ERR_USAGE, "--columns: '%s' has no name", own);
	if (strchr(name, '"') != NULL)
		return err_set(err, ERR_USAGE, "column %s: a name has no quotes", name);
	size_t column = s->schema->count;
	add(s, "columns")->given = name;
	for (int i = 0; *stop == ':'; i++) {
		const char *start = stop + 1;
		stop = part_end(start, ':');
		const char *word = part(s->arena, start, stop);
		if (i == 0 && *word != '\0')
			schema_set(&s->schema->objects[column], "type", word);
		else if (i > 0 && !read_flag(s, column, name, word, err))
			return false;
	}
	return true;
}

bool mirror_add_shorthand(struct schema *schema, const char *table, const char *columns,
    struct arena *arena, struct err *err)
{
	struct schema grown = *schema;
	struct shorthand s = {
	    .schema = &grown, .arena = arena, .table = arena_strdup(arena, table)};
	if (schema_kind_of(schema, "tables") == NULL || schema_kind_of(schema, "columns") == NULL)
		return err_set(err, ERR_USAGE, "this database has no tables");
	struct schema_object *object = schema_add(&grown, schema_kind_of(schema, "tables"), arena);
	object->given = s.table;
	object->position = (int)grown.count;
	for (const char *at = columns;; at++) {
		const char *end = part_end(at, ',');
		if (!read_column(&s, at, end, err))
			return false;
		at = end;
		if (*at == '\0')
			break;
	}
	if (s.primary != NULL)
		schema_set(add(&s, "primaryKey"), "columns", s.primary);
	*schema = grown;
	return true;
}
