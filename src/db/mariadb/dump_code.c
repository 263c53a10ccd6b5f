/*
 * What a dump holds beside tables: routines, views, triggers and events, each as its own bytes,
 * under the sql_mode, character set and collation it was made with.
 */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <ctype.h>
#include <string.h>

/* An object as SHOW CREATE has it. Texts may be NULL. */
struct code {
	const char *text, *mode, *client, *connection, *collation, *zone;
};

struct writing {
	struct my_db *side;
	struct my_writer *w;
	const char *collation; /* of the database, as it stands now for who reads the script */
	struct arena arena;
};

/* --- One object --- */

static void set_collation(struct writing *out, const char *collation)
{
	if (collation == NULL || text_is(collation, out->collation))
		return;
	my_write_format(out->w, "ALTER DATABASE COLLATE %s;\n", collation);
	out->collation = arena_strdup(&out->arena, collation);
}

static void write_code(struct writing *out, const struct code *code)
{
	set_collation(out, code->collation);
	my_write_format(out->w, "SET sql_mode = '%s', character_set_client = %s",
	    code->mode == NULL ? MY_DUMP_MODE : code->mode, code->client);
	my_write_format(out->w, ", collation_connection = %s", code->connection);
	if (code->zone != NULL)
		my_write_format(out->w, ", time_zone = '%s'", code->zone);
	my_write_text(out->w, ";\n");
	my_write_delimited(out->w, code->text, strlen(code->text));
}

/* How each kind of them is shown: the places of its columns. */
struct shape {
	const char *what; /* "PROCEDURE" */
	int text, mode, client, zone;
};

static const struct shape procedure = {"PROCEDURE", 2, 1, 3, -1};
static const struct shape function = {"FUNCTION", 2, 1, 3, -1};
static const struct shape package = {"PACKAGE", 2, 1, 3, -1};
static const struct shape package_body = {"PACKAGE BODY", 2, 1, 3, -1};
static const struct shape trigger = {"TRIGGER", 2, 1, 3, -1};
static const struct shape event = {"EVENT", 3, 1, 4, 2};
static const struct shape view = {"VIEW", 1, -1, 2, -1};

bool my_advise_routines(const struct my_db *side, struct err *err)
{
	if (side->server.maria)
		return err_next(err, "as an administrator: GRANT SELECT ON mysql.proc TO %s;",
		    side->server.account);
	return err_next(
	    err, "as an administrator: GRANT SHOW_ROUTINE ON *.* TO %s;", side->server.account);
}

static bool fail_hidden(
    const struct my_db *side, const struct shape *shape, const char *name, struct err *err)
{
	err_set(err, ERR_DATABASE, "%s may not see the definition of %s %s", side->server.account,
	    shape->what, name);
	return my_advise_routines(side, err);
}

static bool show(const struct writing *out, const struct shape *shape, const char *name,
    struct code *code, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(16 * 1024);
	struct db_rows rows;
	buf_printf(&sql, "SHOW CREATE %s ", shape->what);
	my_name(name, &sql);
	if (!my_ask(out->side, sql.data, arena, &rows, err)) {
		err_context(err, "%s %s", shape->what, name);
		return false;
	}
	if (rows.count != 1 || rows.cells[shape->text] == NULL) {
		fail_hidden(out->side, shape, name, err);
		return false;
	}
	*code = (struct code){
	    .text = rows.cells[shape->text],
	    .mode = shape->mode < 0 ? NULL : rows.cells[shape->mode],
	    .client = rows.cells[shape->client],
	    .connection = rows.cells[shape->client + 1],
	    .collation = shape->mode < 0 ? NULL : rows.cells[shape->client + 2],
	    .zone = shape->zone < 0 ? NULL : rows.cells[shape->zone],
	};
	return true;
}

static bool write_object(
    struct writing *out, const struct shape *shape, const char *name, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct code code;
	if (!show(out, shape, name, &code, &arena, err))
		return false;
	write_code(out, &code);
	return true;
}

/* --- Routines --- */

static bool write_routines(struct writing *out, const char *type, const struct shape *shape,
    const struct db_rows *rows, struct err *err)
{
	for (size_t i = 0; i < rows->count; i++)
		if (text_is(rows->cells[2 * i], type) &&
		    !write_object(out, shape, rows->cells[2 * i + 1], err))
			return false;
	return true;
}

static bool write_all_routines(struct writing *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	return my_side_ask(out->side, &arena, &rows, err,
		   "SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES"
		   " WHERE ROUTINE_SCHEMA = %t ORDER BY ROUTINE_NAME",
		   out->side->server.database) &&
	       write_routines(out, "PACKAGE", &package, &rows, err) &&
	       write_routines(out, "PACKAGE BODY", &package_body, &rows, err) &&
	       write_routines(out, "FUNCTION", &function, &rows, err) &&
	       write_routines(out, "PROCEDURE", &procedure, &rows, err);
}

/* --- Views --- */

/* Of its columns alone, so that whatever refers to it can be made before it is. */
static bool write_stub(struct writing *out, const char *name, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_side_ask(out->side, &arena, &rows, err, "SHOW COLUMNS FROM %n", name)) {
		err_context(err, "view %s can't be read", name);
		return err_next(err, "repair or drop it: DROP VIEW `%s`;", name);
	}
	my_write_text(out->w, "CREATE VIEW ");
	my_write_name(out->w, name);
	for (size_t i = 0; i < rows.count; i++) {
		my_write_text(out->w, i == 0 ? " AS SELECT 1 AS " : ", 1 AS ");
		my_write_name(out->w, rows.cells[i * rows.columns]);
	}
	my_write_text(out->w, ";\n");
	return true;
}

static bool write_view(struct writing *out, const char *name, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct code code;
	if (!show(out, &view, name, &code, &arena, err))
		return false;
	if (!text_starts(code.text, "CREATE "))
		return err_set(
		    err, ERR_DATABASE, "the definition of view %s can't be understood", name);
	code.text = arena_printf(&arena, "CREATE OR REPLACE %s", code.text + strlen("CREATE "));
	write_code(out, &code);
	return true;
}

static bool write_views(struct writing *out, const struct my_table *tables, size_t count,
    bool (*write)(struct writing *out, const char *name, struct err *err), struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (tables[i].view && !write(out, tables[i].name, err))
			return false;
	return true;
}

/* --- Triggers --- */

/* A token of a trigger's head, which is as somebody wrote it. */
struct token {
	const char *at;
	size_t len;
};

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static const char *skip_blank(const char *at)
{
	for (;;) {
		const char *end = NULL;
		if (isspace((unsigned char)*at))
			end = at + 1;
		else if (text_starts(at, "/*") && at[2] != '!' && !text_starts(at, "/*M!"))
			end = strstr(at, "*/") == NULL ? NULL : strstr(at, "*/") + 2;
		else if (*at == '#' || text_starts(at, "-- "))
			end = at + strcspn(at, "\n");
		if (end == NULL || end == at)
			return at;
		at = end;
	}
}

static struct token next_token(const char *at)
{
	struct token token = {.at = skip_blank(at)};
	char first = *token.at;
	if (first == '`' || first == '"' || first == '\'') {
		const char *end = token.at + 1;
		while (*end != '\0' && (*end != first || end[1] == first))
			end += *end == first ? 2 : 1;
		token.len = (size_t)(end - token.at) + (*end != '\0');
	} else {
		while (is_name_byte(token.at[token.len]))
			token.len++;
		if (token.len == 0 && first != '\0')
			token.len = 1;
	}
	return token;
}

static bool is_word(struct token token, const char *word)
{
	return token.len == strlen(word) && strncasecmp(token.at, word, token.len) == 0;
}

/* Copy up to the name behind `word`, without the database in front of that; the rest, or NULL. */
static const char *copy_unqualified(const char *from, const char *word, struct buf *out)
{
	struct token token = next_token(from);
	while (token.len > 0 && !is_word(token, word))
		token = next_token(token.at + token.len);
	if (token.len == 0)
		return NULL;
	token = next_token(token.at + token.len);
	while (is_word(token, "IF") || is_word(token, "NOT") || is_word(token, "EXISTS"))
		token = next_token(token.at + token.len);
	buf_add(out, from, (size_t)(token.at - from));
	struct token dot = next_token(token.at + token.len);
	if (!is_word(dot, "."))
		return token.at;
	return next_token(dot.at + 1).at;
}

static bool write_trigger(struct writing *out, const char *name, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	struct code code;
	if (!show(out, &trigger, name, &code, &arena, err))
		return false;
	const char *rest = copy_unqualified(code.text, "TRIGGER", &text);
	rest = rest == NULL ? NULL : copy_unqualified(rest, "ON", &text);
	if (rest == NULL)
		return err_set(
		    err, ERR_DATABASE, "the definition of trigger %s can't be understood", name);
	buf_add_text(&text, rest);
	code.text = text.data;
	write_code(out, &code);
	return true;
}

static bool write_triggers(struct writing *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_side_ask(out->side, &arena, &rows, err,
		"SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS"
		" WHERE TRIGGER_SCHEMA = %t"
		" ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER",
		out->side->server.database))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		my_write_mark(out->w, "trigger", rows.cells[2 * i + 1]);
		if (!write_trigger(out, rows.cells[2 * i], err))
			return false;
	}
	return true;
}

/* --- Events --- */

static bool write_events(struct writing *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	/* Unlike what it shows in its own tables, this is refused where they may not be seen. */
	if (!my_side_ask(
		out->side, &arena, &rows, err, "SHOW EVENTS FROM %n", out->side->server.database)) {
		if (!text_is(err->code, "1577")) /* there can't be any */
			return err_context(err, "events");
		return true;
	}
	for (size_t i = 0; i < rows.count; i++)
		if (!write_object(out, &event, rows.cells[i * rows.columns + 1], err))
			return false;
	return true;
}

/* --- All of it --- */

static bool read_collation(struct writing *out, struct err *err)
{
	struct db_rows rows;
	if (!my_ask(out->side, "SELECT @@collation_database", &out->arena, &rows, err))
		return false;
	out->collation = rows.cells[0];
	return true;
}

/* As the header has it. */
static void write_usual(struct writing *out, const char *collation)
{
	set_collation(out, collation);
	my_write_text(out->w,
	    "SET NAMES utf8mb4;\nSET sql_mode = '" MY_DUMP_MODE "', time_zone = '+00:00';\n");
}

static bool write_all(
    struct writing *out, const struct my_table *tables, size_t count, struct err *err)
{
	const char *collation = out->collation;
	/* It is part of the dump, and the others' parameters go by it. */
	my_write_format(out->w, "ALTER DATABASE COLLATE %s;\n", collation);
	bool ok = write_all_routines(out, err);
	if (ok)
		write_usual(out, collation);
	ok = ok && write_views(out, tables, count, write_stub, err) &&
	     write_views(out, tables, count, write_view, err) && write_triggers(out, err);
	if (ok)
		my_write_mark(out->w, "events", "");
	ok = ok && write_events(out, err);
	if (ok)
		write_usual(out, collation);
	return ok;
}

/* Bytes are wanted as they are. */
static bool begin(struct writing *out, struct err *err)
{
	return read_collation(out, err) &&
	       my_do(out->side, "SET character_set_results = NULL", err);
}

static bool end(struct writing *out, bool ok, struct err *err)
{
	arena_free(&out->arena);
	return ok && my_do(out->side, "SET character_set_results = utf8mb4", err);
}

bool my_dump_code(struct my_dump *d, const struct my_table *tables, size_t count, struct err *err)
{
	struct writing out = {.side = &d->side, .w = &d->w};
	return end(&out, begin(&out, err) && write_all(&out, tables, count, err), err);
}

bool my_dump_triggers(struct my_db *side, struct my_writer *w, struct err *err)
{
	struct writing out = {.side = side, .w = w};
	bool ok = begin(&out, err);
	const char *collation = out.collation;
	ok = ok && write_triggers(&out, err);
	if (ok)
		write_usual(&out, collation);
	return end(&out, ok, err);
}
