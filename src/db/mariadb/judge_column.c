/*
 * A column that is defined anew, beside the one that is there. MODIFY and CHANGE say all of it once
 * more, and what they don't say is dropped; so each attribute is looked at, and the values by what
 * the type can hold. What is not known here counts as lost.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "sql/column_change.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum cell {
	COLUMN_TYPE,
	DATA_TYPE,
	CHARACTERS,
	BYTES,
	PRECISION,
	SCALE,
	FRACTION,
	COLLATION,
	DEFAULT,
	NULLABLE,
	EXTRA,
	COMMENT,
	EXPRESSION,
	KEY,
	TABLE_COLLATION,
	CHECKED,
	CELLS
};

struct column {
	const char *const *cells;
	const struct sql_column_change *change;
	const char *type; /* the new one, as the server calls it */
	bool unsign, new_unsign;
	int64_t first, second; /* the new type's arguments; -1: none */
};

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (text_is(text, *words))
			return true;
	return false;
}

static bool extra_has(const struct column *c, const char *word)
{
	return c->cells[EXTRA] != NULL && strcasestr(c->cells[EXTRA], word) != NULL;
}

static int64_t number(const char *text, int64_t otherwise)
{
	return text == NULL ? otherwise : strtoll(text, NULL, 10);
}

/* --- Types --- */

static const char *plain_type(const char *type)
{
	static const struct {
		const char *alias, *type;
	} aliases[] = {
	    {"integer", "int"},
	    {"int1", "tinyint"},
	    {"int2", "smallint"},
	    {"int3", "mediumint"},
	    {"middleint", "mediumint"},
	    {"int4", "int"},
	    {"int8", "bigint"},
	    {"bool", "tinyint"},
	    {"boolean", "tinyint"},
	    {"dec", "decimal"},
	    {"numeric", "decimal"},
	    {"fixed", "decimal"},
	    {"number", "decimal"},
	    {"float4", "float"},
	    {"float8", "double"},
	    {"double precision", "double"},
	    {"character", "char"},
	    {"character varying", "varchar"},
	    {"char varying", "varchar"},
	    {"long", "mediumtext"},
	    {"long varchar", "mediumtext"},
	    {"long varbinary", "mediumblob"},
	};
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (text_is(type, aliases[i].alias))
			return aliases[i].type;
	return type;
}

/* Place in a list of types that each hold what those before it do; -1: it is not there. */
static int rank(const char *const *types, const char *type)
{
	for (int i = 0; types[i] != NULL; i++)
		if (text_is(types[i], type))
			return i;
	return -1;
}

static const char *const integers[] = {"tinyint", "smallint", "mediumint", "int", "bigint", NULL};
static const char *const texts[] = {"tinytext", "text", "mediumtext", "longtext", NULL};
static const char *const blobs[] = {"tinyblob", "blob", "mediumblob", "longblob", NULL};
static const char *const times[] = {"datetime", "timestamp", "time", NULL};
static const char *const floats[] = {"float", "double", NULL};
static const int64_t sizes[] = {255, 65535, 16777215, 4294967295};

static bool keeps_integers(const struct column *c)
{
	int before = rank(integers, c->cells[DATA_TYPE]), after = rank(integers, c->type);
	if (before < 0 || after < 0)
		return false;
	if (c->unsign == c->new_unsign)
		return after >= before;
	return c->unsign && after > before;
}

static bool keeps_decimals(const struct column *c)
{
	int64_t digits = c->first < 0 ? 10 : c->first, scale = c->second < 0 ? 0 : c->second;
	int64_t old_scale = number(c->cells[SCALE], 0);
	return text_is(c->cells[DATA_TYPE], "decimal") && text_is(c->type, "decimal") &&
	       scale >= old_scale &&
	       digits - scale >= number(c->cells[PRECISION], 65) - old_scale &&
	       (c->unsign || !c->new_unsign);
}

static bool keeps_floats(const struct column *c)
{
	int before = rank(floats, c->cells[DATA_TYPE]), after = rank(floats, c->type);
	bool plain = strchr(c->cells[COLUMN_TYPE], '(') == NULL && c->first < 0;
	return before >= 0 && after >= before && plain && (c->unsign || !c->new_unsign);
}

/* CHAR gives its values back without the blanks at their end, and BINARY fills them up. */
static bool keeps_strings(
    const struct column *c, const char *fixed, const char *varying, const char *const *large)
{
	const char *before = c->cells[DATA_TYPE];
	int from = rank(large, before), to = rank(large, c->type);
	bool is_fixed = text_is(before, fixed), is_varying = text_is(before, varying);
	int64_t length = c->first < 0 ? 1 : c->first, old = number(c->cells[CHARACTERS], INT64_MAX);
	if (from >= 0)
		return to >= from && c->first < 0;
	if (!is_fixed && !is_varying)
		return false;
	if (to >= 0)
		return c->first < 0 && number(c->cells[BYTES], INT64_MAX) <= sizes[to];
	if (text_is(c->type, varying))
		return c->first >= old;
	return is_fixed && text_is(c->type, fixed) &&
	       (text_is(fixed, "binary") ? length == old : length >= old);
}

/* Behind a literal; NULL when there is none. */
static const char *skip_literal(const char *text, struct buf *value)
{
	buf_reset(value);
	if (*text != '\'')
		return NULL;
	for (text++; *text != '\0'; text++) {
		if (*text == '\\')
			return NULL; /* by what it means here, the session's mode decides */
		if (*text == '\'' && text[1] != '\'')
			return text + 1;
		if (*text == '\'')
			text++;
		buf_add_char(value, *text);
	}
	return NULL;
}

/* What stands there is the number of a member: so all of them must stay in their places. */
static bool keeps_members(const char *before, const char *after)
{
	CLEANUP(buf_free) struct buf one = buf_init(1 << 20);
	CLEANUP(buf_free) struct buf other = buf_init(1 << 20);
	while (*before != '\0' && *before != ')') {
		after += strspn(after, " \t\r\n,");
		before = skip_literal(before, &one);
		after = before == NULL ? NULL : skip_literal(after, &other);
		if (after == NULL || one.len != other.len || one.overflow ||
		    (one.len > 0 && memcmp(one.data, other.data, one.len) != 0))
			return false;
		before += strspn(before, ",");
		after += strspn(after, " \t\r\n");
	}
	return strchr(after, '\\') == NULL;
}

static bool keeps_list(const struct column *c)
{
	const char *before = strchr(c->cells[COLUMN_TYPE], '(');
	return (text_is(c->type, "enum") || text_is(c->type, "set")) &&
	       text_is(c->type, c->cells[DATA_TYPE]) && before != NULL &&
	       c->change->arguments != NULL && keeps_members(before + 1, c->change->arguments);
}

static bool keeps_others(const struct column *c)
{
	static const char *const same[] = {"date", "year", "uuid", "inet4", "inet6", "json", NULL};
	const char *before = c->cells[DATA_TYPE];
	if (text_is(c->type, "json") && text_is(before, "longtext"))
		return text_is(c->cells[COLLATION], "utf8mb4_bin");
	if (!text_is(before, c->type))
		return false;
	if (is_one_of(before, times))
		return (c->first < 0 ? 0 : c->first) >= number(c->cells[FRACTION], 6);
	if (text_is(before, "bit"))
		return (c->first < 0 ? 1 : c->first) >= number(c->cells[PRECISION], 64);
	return is_one_of(before, same);
}

static bool keeps_values(const struct column *c)
{
	return keeps_integers(c) || keeps_decimals(c) || keeps_floats(c) ||
	       keeps_strings(c, "char", "varchar", texts) ||
	       keeps_strings(c, "binary", "varbinary", blobs) || keeps_list(c) || keeps_others(c);
}

/* --- Character sets --- */

static size_t charset_len(const char *collation)
{
	return strcspn(collation, "_");
}

static bool same_charset(const char *a, size_t a_len, const char *b, size_t b_len)
{
	/* Two words for one. */
	if (a_len == 4 && strncmp(a, "utf8", 4) == 0)
		a = "utf8mb3", a_len = strlen(a);
	if (b_len == 4 && strncmp(b, "utf8", 4) == 0)
		b = "utf8mb3", b_len = strlen(b);
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* Every other character set fits into utf8mb4, and ascii into every other. */
static bool keeps_characters(const struct column *c)
{
	const struct sql_column_change *change = c->change;
	const char *before = c->cells[COLLATION], *after = change->character_set;
	if (before == NULL || text_is(c->type, "json"))
		return true;
	size_t len = after == NULL ? 0 : strlen(after);
	if (after == NULL) {
		after = change->collation != NULL ? change->collation : c->cells[TABLE_COLLATION];
		len = after == NULL ? 0 : charset_len(after);
	}
	return after != NULL && (same_charset(before, charset_len(before), after, len) ||
				    (len == 7 && strncasecmp(after, "utf8mb4", 7) == 0) ||
				    same_charset(before, charset_len(before), "ascii", 5));
}

/* What was unique by one order may not be by another. */
static bool keeps_order(const struct column *c)
{
	const struct sql_column_change *change = c->change;
	const char *before = c->cells[COLLATION], *after = change->collation;
	if (before == NULL || text_is(c->cells[KEY], "") || text_is(c->type, "json"))
		return true;
	if ((change->flags & SQL_COLUMN_BINARY) != 0)
		return false;
	if (after == NULL && change->character_set == NULL)
		after = c->cells[TABLE_COLLATION];
	return after != NULL && text_is_nocase(before, after);
}

/* --- All of it --- */

static void lose(struct buf *lost, const char *what)
{
	if (lost->len > 0)
		buf_add_text(lost, ", ");
	buf_add_text(lost, what);
}

static void judge_attributes(const struct column *c, struct buf *lost)
{
	const struct sql_column_change *change = c->change;
	const char *value = c->cells[DEFAULT];
	bool default_lost = value != NULL && !text_is(value, "NULL") &&
			    change->default_value == NULL && c->cells[EXPRESSION] == NULL;
	const struct {
		bool is_lost;
		const char *what;
	} attributes[] = {
	    {text_is(c->cells[NULLABLE], "NO") && !text_is(c->cells[KEY], "PRI") &&
		    (change->flags & (SQL_COLUMN_NOT_NULL | SQL_COLUMN_NULL)) == 0,
		"NOT NULL"},
	    {default_lost, "DEFAULT"},
	    {extra_has(c, "on update") && change->on_update == NULL, "ON UPDATE"},
	    {extra_has(c, "auto_increment") && (change->flags & SQL_COLUMN_AUTO_INCREMENT) == 0,
		"AUTO_INCREMENT"},
	    {!text_is(c->cells[COMMENT], "") && change->comment == NULL, "COMMENT"},
	    {extra_has(c, "invisible") && (change->flags & SQL_COLUMN_INVISIBLE) == 0, "INVISIBLE"},
	    {extra_has(c, "without system versioning") &&
		    (change->flags & SQL_COLUMN_UNVERSIONED) == 0,
		"WITHOUT SYSTEM VERSIONING"},
	    {strcasestr(c->cells[COLUMN_TYPE], "zerofill") != NULL &&
		    (change->flags & SQL_COLUMN_ZEROFILL) == 0,
		"ZEROFILL"},
	    {text_is(c->cells[CHECKED], "1") && (change->flags & SQL_COLUMN_CHECK) == 0 &&
		    !text_is(c->type, "json"),
		"CHECK"},
	    {!keeps_order(c), "the order of its unique values (COLLATE)"},
	};
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].is_lost)
			lose(lost, attributes[i].what);
}

static void judge_values(const struct column *c, struct buf *lost)
{
	const struct sql_column_change *change = c->change;
	bool computed = c->cells[EXPRESSION] != NULL || change->generated != NULL;
	if ((change->flags & SQL_COLUMN_UNREAD) != 0) {
		lose(lost, "what its new definition does not keep, which can't be read here");
		return;
	}
	if (!computed && keeps_values(c) && keeps_characters(c))
		return;
	if (lost->len > 0)
		buf_add_text(lost, ", ");
	buf_printf(
	    lost, "values of %s that don't fit into %s", c->cells[COLUMN_TYPE], change->type);
	if (change->arguments != NULL)
		buf_printf(lost, "(%s)", change->arguments);
	if (change->character_set != NULL)
		buf_printf(lost, " CHARACTER SET %s", change->character_set);
}

static void read_arguments(struct column *c)
{
	const char *text = c->change->arguments;
	char *end = NULL;
	c->first = c->second = -1;
	if (text == NULL || text_is(c->type, "enum") || text_is(c->type, "set"))
		return;
	c->first = strtoll(text, &end, 10);
	end += strspn(end, " \t\r\n");
	if (*end == ',')
		c->second = strtoll(end + 1, NULL, 10);
}

bool my_judge_column(struct my_db *s, const struct sql_column_change *change, bool *there,
    struct buf *lost, struct err *err)
{
	/* MariaDB keeps the CHECK of a column under its name. */
	static const char sql[] =
	    "SELECT c.COLUMN_TYPE, LOWER(c.DATA_TYPE), c.CHARACTER_MAXIMUM_LENGTH,"
	    " c.CHARACTER_OCTET_LENGTH, c.NUMERIC_PRECISION, c.NUMERIC_SCALE,"
	    " c.DATETIME_PRECISION, c.COLLATION_NAME, c.COLUMN_DEFAULT, c.IS_NULLABLE, c.EXTRA,"
	    " c.COLUMN_COMMENT, NULLIF(c.GENERATION_EXPRESSION, " MY_EMPTY "), c.COLUMN_KEY,"
	    " t.TABLE_COLLATION, EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS AS k"
	    " WHERE k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND"
	    " k.CONSTRAINT_TYPE = 'CHECK' AND k.CONSTRAINT_NAME = c.COLUMN_NAME)"
	    " FROM information_schema.COLUMNS AS c JOIN information_schema.TABLES AS t ON"
	    " t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME"
	    " WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? AND c.COLUMN_NAME = ?";
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = change->schema == NULL ? s->server.database : change->schema},
	    {.type = DB_TEXT, .text = change->table},
	    {.type = DB_TEXT, .text = change->column},
	};
	struct db_rows rows;
	if (!my_query(&s->base, sql, values, 3, &arena, &rows, &s->stop, err))
		return false;
	*there = rows.count == 1 && rows.columns == CELLS;
	if (!*there)
		return true;
	struct column column = {
	    .cells = rows.cells,
	    .change = change,
	    .type = plain_type(change->type),
	    .unsign = strcasestr(rows.cells[COLUMN_TYPE], "unsigned") != NULL,
	    .new_unsign = (change->flags & SQL_COLUMN_UNSIGNED) != 0,
	};
	read_arguments(&column);
	judge_values(&column, lost);
	judge_attributes(&column, lost);
	return true;
}
