/* Types and defaults as people write them, in the server's words. */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <string.h>
#include <strings.h>

/* The longer of two that begin alike comes first. */
static const struct {
	const char *words, *type;
	size_t count; /* words */
} synonyms[] = {
    {"BOOLEAN", "tinyint(1)", 1},
    {"BOOL", "tinyint(1)", 1},
    {"INTEGER", "int", 1},
    {"INT1", "tinyint", 1},
    {"INT2", "smallint", 1},
    {"INT3", "mediumint", 1},
    {"MIDDLEINT", "mediumint", 1},
    {"INT4", "int", 1},
    {"INT8", "bigint", 1},
    {"DEC", "decimal", 1},
    {"NUMERIC", "decimal", 1},
    {"FIXED", "decimal", 1},
    {"DOUBLE PRECISION", "double", 2},
    {"REAL", "double", 1},
    {"FLOAT4", "float", 1},
    {"FLOAT8", "double", 1},
    {"CHARACTER VARYING", "varchar", 2},
    {"CHARACTER", "char", 1},
};

static const struct {
	const char *type, *size;   /* what stands in parentheses when nobody says it */
	const char *unsigned_size; /* the width of integers; NULL: the same */
	bool width;                /* MySQL has none */
	bool only_maria;           /* has it at all */
} sizes[] = {
    {"tinyint", "4", "3", true, false},
    {"smallint", "6", "5", true, false},
    {"mediumint", "9", "8", true, false},
    {"int", "11", "10", true, false},
    {"bigint", "20", "20", true, false},
    {"year", "4", NULL, false, true},
    {"decimal", "10,0", NULL, false, false},
    {"char", "1", NULL, false, false},
    {"binary", "1", NULL, false, false},
    {"bit", "1", NULL, false, false},
};

struct type {
	const char *name;
	const char *size; /* without parentheses; NULL: not said */
	bool is_unsigned, zerofill;
	const char *rest;
};

static bool take_word(struct type *type, const struct my_tokens *tokens, size_t i)
{
	if (my_tokens_are(tokens, i, "UNSIGNED"))
		type->is_unsigned = true;
	else if (my_tokens_are(tokens, i, "ZEROFILL"))
		type->is_unsigned = type->zerofill = true;
	else
		return my_tokens_are(tokens, i, "SIGNED");
	return true;
}

/* As the server has it: without space. */
static const char *joined(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	CLEANUP(buf_free) struct buf out = buf_init(1 << 20);
	for (size_t i = first; i < end; i++)
		buf_add(&out, tokens->items[i].text, tokens->items[i].len);
	return out.len == 0 ? NULL : arena_strndup(r->arena, out.data, out.len);
}

static struct type understand(const struct my_reading *r, const struct my_tokens *tokens)
{
	struct type type = {.name = my_token_text(&tokens->items[0], r->arena)};
	size_t i = 1;
	for (size_t s = 0; s < sizeof(synonyms) / sizeof(synonyms[0]); s++)
		if (my_tokens_are(tokens, 0, synonyms[s].words)) {
			type.name = synonyms[s].type;
			i = synonyms[s].count;
			break;
		}
	if (i < tokens->count && my_token_is_sign(&tokens->items[i], '(')) {
		size_t close = my_tokens_close(tokens, i);
		type.size = joined(r, tokens, i + 1, close - 1);
		i = close;
	}
	while (i < tokens->count && take_word(&type, tokens, i))
		i++;
	type.rest = my_tokens_sql(r, tokens, i, tokens->count);
	return type;
}

static void fill_size(const struct my_reading *r, struct type *type)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!text_is_nocase(type->name, sizes[i].type))
			continue;
		bool narrow = type->is_unsigned && sizes[i].unsigned_size != NULL;
		if (!r->maria && (sizes[i].width || sizes[i].only_maria)) {
			bool kept = type->zerofill || (sizes[i].width && !type->is_unsigned &&
							  text_is_nocase(type->name, "tinyint") &&
							  text_is(type->size, "1"));
			type->size = kept ? type->size : NULL;
		} else if (type->size == NULL) {
			type->size = narrow ? sizes[i].unsigned_size : sizes[i].size;
		} else if (text_is_nocase(type->name, "decimal") &&
			   strchr(type->size, ',') == NULL) {
			type->size = arena_printf(r->arena, "%s,0", type->size);
		}
	}
}

const char *my_plain_type(const struct my_reading *r, const char *written)
{
	struct my_tokens *tokens = r->word;
	if (written == NULL)
		return NULL;
	my_tokens_read(tokens, written, true, r->arena);
	if (tokens->count == 0 || tokens->items[0].kind != SQL_TOKEN_WORD)
		return written;
	struct type type = understand(r, tokens);
	fill_size(r, &type);
	return arena_printf(r->arena, "%s%s%s%s%s%s%s%s", type.name, type.size == NULL ? "" : "(",
	    type.size == NULL ? "" : type.size, type.size == NULL ? "" : ")",
	    type.is_unsigned ? " unsigned" : "", type.zerofill ? " zerofill" : "",
	    type.rest == NULL ? "" : " ", type.rest == NULL ? "" : type.rest);
}

/* --- Defaults --- */

static const char *plain_now(const struct my_reading *r, const struct my_tokens *tokens)
{
	static const char *const words[] = {
	    "NOW (", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "LOCALTIME"};
	const char *size = NULL;
	size_t i = 0;
	while (i < sizeof(words) / sizeof(words[0]) && !my_tokens_are(tokens, 0, words[i]))
		i++;
	if (i == sizeof(words) / sizeof(words[0]) ||
	    (tokens->count > 1 && my_tokens_close(tokens, 1) != tokens->count))
		return NULL;
	size = my_tokens_sql(r, tokens, 2, tokens->count - 1);
	if (size == NULL || text_is(size, "0"))
		return r->maria ? "current_timestamp()" : "CURRENT_TIMESTAMP";
	return arena_printf(
	    r->arena, r->maria ? "current_timestamp(%s)" : "CURRENT_TIMESTAMP(%s)", size);
}

/* A number has as many digits behind its point as the type has. */
static const char *plain_decimal(const struct my_reading *r, const char *value, const char *type)
{
	const char *scale = strchr(type, ',');
	const char *point = strchr(value, '.');
	size_t digits = scale == NULL ? 0 : (size_t)(scale[1] - '0');
	size_t has = point == NULL ? 0 : strlen(point + 1);
	if (strncasecmp(type, "decimal", 7) != 0 || scale == NULL || scale[2] != ')' ||
	    strspn(value, "0123456789.-") != strlen(value) || has >= digits)
		return value;
	return arena_printf(r->arena, "%s%s%.*s", value, point == NULL ? "." : "",
	    (int)(digits - has), "0000000000");
}

const char *my_plain_default(const struct my_reading *r, const char *written, const char *type)
{
	struct my_tokens *tokens = r->word;
	if (written == NULL)
		return NULL;
	my_tokens_read(tokens, written, true, r->arena);
	const char *now = tokens->count == 0 ? NULL : plain_now(r, tokens);
	if (now != NULL)
		return now;
	if (tokens->count == 1 && my_tokens_are(tokens, 0, "NULL"))
		return NULL;
	if (tokens->count == 1 && my_tokens_are(tokens, 0, "TRUE"))
		return "1";
	if (tokens->count == 1 && my_tokens_are(tokens, 0, "FALSE"))
		return "0";
	return type == NULL ? written : plain_decimal(r, written, type);
}
