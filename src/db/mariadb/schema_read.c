/*
 * The live schema, from one catalog. DDL knows no snapshot here: the catalog is asked for once
 * more, for its digest alone, and when that is another the reading is done again. A fingerprint
 * that was asked for right before is such a digest, too.
 */
#include "base/digest.h"
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <string.h>

enum {
	TRIES = 5
};

/* --- Rows --- */

static const char *cell(const struct my_reading *r, const struct my_row *row, size_t i)
{
	if (i >= row->columns || row->cells[i] == NULL)
		return NULL;
	return arena_strndup(r->arena, row->cells[i], row->lengths[i]);
}

void my_reading_collation(struct my_reading *r, const char *const *cells)
{
	if (text_is(cells[0], "collation")) {
		r->collation = arena_strdup(r->arena, cells[2]);
		return;
	}
	r->charsets = arena_grow(
	    r->arena, r->charsets, r->charset_count, &r->charset_capacity, sizeof(*r->charsets));
	r->charsets[r->charset_count++] =
	    (struct my_charset){.name = arena_strdup(r->arena, cells[1]),
		.collation = arena_strdup(r->arena, cells[2])};
}

enum {
	TRIGGER_TABLE,
	TRIGGER_NAME,
	TRIGGER_TIME,
	TRIGGER_EVENT,
	TRIGGER_ORDER,
	TRIGGER_BODY,
	TRIGGER_DEFINER,
	TRIGGER_MODE
};

/* They come in their order. */
static void take_trigger(struct my_reading *r, const struct my_row *row)
{
	const struct schema_object *before =
	    r->schema->count == 0 ? NULL : &r->schema->objects[r->schema->count - 1];
	const char *name = before == NULL ? NULL : before->given;
	struct schema_object *trigger = schema_add(r->schema, &my_kind_trigger, r->arena);
	trigger->schema = "";
	trigger->parent = cell(r, row, TRIGGER_TABLE);
	trigger->given = cell(r, row, TRIGGER_NAME);
	trigger->position = (int)r->schema->count;
	schema_set(trigger, "time", my_lower(cell(r, row, TRIGGER_TIME), r->arena));
	schema_set(trigger, "event", my_lower(cell(r, row, TRIGGER_EVENT), r->arena));
	if (!text_is(row->cells[TRIGGER_ORDER], "1"))
		schema_set(trigger, "follows", name);
	schema_set(trigger, "body", cell(r, row, TRIGGER_BODY));
	schema_set(trigger, "definer", my_definer(r, cell(r, row, TRIGGER_DEFINER)));
	schema_set(trigger, "sqlMode", my_telling_mode(row->cells[TRIGGER_MODE], r->arena));
}

enum {
	EVENT_NAME,
	EVENT_AT,
	EVENT_INTERVAL,
	EVENT_FIELD,
	EVENT_STARTS,
	EVENT_ENDS,
	EVENT_ZONE,
	EVENT_COMPLETION,
	EVENT_STATUS,
	EVENT_BODY,
	EVENT_DEFINER,
	EVENT_MODE,
	EVENT_COMMENT
};

static const char *schedule_of(const struct my_reading *r, const struct my_row *row)
{
	if (row->cells[EVENT_AT] != NULL)
		return arena_printf(r->arena, "AT '%s'", row->cells[EVENT_AT]);
	return arena_printf(
	    r->arena, "EVERY %s %s", cell(r, row, EVENT_INTERVAL), cell(r, row, EVENT_FIELD));
}

static void take_event(struct my_reading *r, const struct my_row *row)
{
	struct schema_object *event = schema_add(r->schema, &my_kind_event, r->arena);
	event->schema = event->parent = "";
	event->given = cell(r, row, EVENT_NAME);
	event->position = (int)r->schema->count;
	schema_set(event, "schedule", schedule_of(r, row));
	schema_set(event, "starts", cell(r, row, EVENT_STARTS));
	schema_set(event, "ends", cell(r, row, EVENT_ENDS));
	if (!text_is(row->cells[EVENT_ZONE], "SYSTEM"))
		schema_set(event, "timeZone", cell(r, row, EVENT_ZONE));
	if (text_is(row->cells[EVENT_COMPLETION], "PRESERVE"))
		schema_set(event, "preserve", "true");
	if (!text_is(row->cells[EVENT_STATUS], "ENABLED"))
		schema_set(event, "status", my_lower(cell(r, row, EVENT_STATUS), r->arena));
	schema_set(event, "body", cell(r, row, EVENT_BODY));
	schema_set(event, "definer", my_definer(r, cell(r, row, EVENT_DEFINER)));
	schema_set(event, "sqlMode", my_telling_mode(row->cells[EVENT_MODE], r->arena));
	if (!text_is(row->cells[EVENT_COMMENT], ""))
		schema_set(event, "comment", cell(r, row, EVENT_COMMENT));
}

/* Behind the tables. */
static void take_srid(struct my_reading *r, const struct my_row *row)
{
	for (size_t i = r->schema->count; i-- > 0;) {
		struct schema_object *column = &r->schema->objects[i];
		if (column->kind == &my_kind_column && text_is(column->parent, row->cells[0]) &&
		    text_is(column->given, row->cells[1])) {
			schema_set(column, "srid", cell(r, row, 2));
			return;
		}
	}
}

/* --- SHOW CREATE --- */

/* The server tells the text to those alone who defined it, or may see all. */
static void add_hidden(struct my_reading *r, const struct schema_kind *kind, const char *name)
{
	struct schema_object *routine = schema_add(r->schema, kind, r->arena);
	routine->schema = routine->parent = "";
	routine->given = arena_strdup(r->arena, name);
	routine->position = (int)r->schema->count;
	r->hidden = kind == &my_kind_procedure ? "PROCEDURE" : "FUNCTION";
	r->hidden_name = routine->given;
}

static const struct routine {
	const char *column;
	const struct schema_kind *const kind;
} routines[] = {
    {"Function", &my_kind_function},
    {"Procedure", &my_kind_procedure},
    {"Package", &my_kind_package},
    {"Package body", &my_kind_package_body},
};

static bool take_routine(struct my_reading *r, const struct my_row *row, struct err *err)
{
	for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++) {
		if (!text_is(row->fields[0].name, routines[i].column))
			continue;
		if (row->columns < 3 || row->cells[2] == NULL)
			add_hidden(r, routines[i].kind, row->cells[0]);
		else
			my_routine_read(
			    r, routines[i].kind, row->cells[0], row->cells[1], cell(r, row, 2));
		return true;
	}
	return err_set(
	    err, ERR_UNEXPECTED, "the server shows a %s, which is not known", row->fields[0].name);
}

static bool take_object(struct my_reading *r, const struct my_row *row, struct err *err)
{
	const char *what = row->fields[row->columns > 1].name;
	const char *text = cell(r, row, 1);
	if (text_is(what, "Create View"))
		my_view_read(r, row->cells[0], text);
	else if (!text_is(what, "Create Table"))
		return take_routine(r, row, err);
	else if (text_starts(text, "CREATE SEQUENCE"))
		my_sequence_read(r, row->cells[0], text);
	else
		my_table_read(r, row->cells[0], text);
	return true;
}

/* --- All of it --- */

struct taking {
	struct my_reading *r; /* NULL: the digest alone */
	struct digest *digest;
};

static bool take(void *context, const struct my_row *row, struct err *err)
{
	struct taking *t = context;
	const char *first = row->fields[0].name;
	my_digest_row(t->digest, row);
	if (t->r == NULL)
		return true;
	if (text_is(first, "catalog_collation"))
		my_reading_collation(t->r, (const char *const *)row->cells);
	else if (text_is(first, "catalog_trigger"))
		take_trigger(t->r, row);
	else if (text_is(first, "catalog_event"))
		take_event(t->r, row);
	else if (text_is(first, "catalog_srid"))
		take_srid(t->r, row);
	else
		return take_object(t->r, row, err);
	return true;
}

static bool take_catalog(struct my_db *s, struct my_reading *r, char digest[65], struct err *err)
{
	CLEANUP(digest_free) struct digest *all = digest_new();
	struct taking taking = {.r = r, .digest = all};
	const struct my_taker taker = {.take = take, .context = &taking};
	if (!my_catalog(s, &taker, err))
		return false;
	digest_hex(all, digest);
	return true;
}

/* "'app'@'%'" → "app@%" */
static const char *plain_account(const char *account, struct arena *arena)
{
	size_t len = strlen(account);
	const char *at = strstr(account, "'@'");
	if (len < 5 || at == NULL)
		return account;
	return arena_printf(arena, "%.*s@%.*s", (int)(at - account - 1), account + 1,
	    (int)(len - (size_t)(at - account) - 4), at + 3);
}

void my_reading_begin(struct my_reading *r, struct my_db *s)
{
	r->maria = s->server.maria;
	r->database = s->server.database;
	r->account = plain_account(s->server.account, r->arena);
	r->text = arena_alloc(r->arena, sizeof(*r->text));
	r->word = arena_alloc(r->arena, sizeof(*r->word));
}

bool my_schema_read(struct my_db *s, struct my_reading *r, char digest[65], struct err *err)
{
	my_reading_begin(r, s);
	return take_catalog(s, r, digest, err);
}

/* Dropped between being named and being shown. */
static bool may_be_gone(const struct err *err)
{
	return text_is(err->code, "1146") || text_is(err->code, "1305") ||
	       text_is(err->code, "4091");
}

/* It counts as it is, whatever the mirror says. */
static void tell_hidden(struct my_db *s, const struct my_reading *r)
{
	if (r->hidden == NULL || s->notice == NULL)
		return;
	const char *grant = !s->server.maria             ? "GRANT SHOW_ROUTINE ON *.* TO"
			    : s->server.number >= 110300 ? "GRANT SHOW CREATE ROUTINE ON *.* TO"
							 : "GRANT SELECT ON mysql.proc TO";
	s->notice(s->context, DB_NOTICE_WARNING,
	    arena_printf(r->arena,
		"what %s %s does is not compared: the server does not show it to this user; an "
		"administrator can run: %s %s",
		r->hidden, r->hidden_name, grant, s->server.account));
}

bool my_read_schema(struct db *db, struct schema *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	char before[65], first[65], second[65];
	if (!my_enter(s, stop, err))
		return false;
	memcpy(before, s->fingerprint, sizeof(before));
	for (int tries = 1;; tries++) {
		struct schema schema = {.kinds = my_kinds,
		    .dialect = &dialect_mariadb,
		    .engine = db->driver->name,
		    .version = s->server.version};
		struct my_reading r = {.schema = &schema, .arena = arena};
		bool ok = my_schema_read(s, &r, first, err);
		if (ok && strcmp(first, before) == 0)
			memcpy(second, first, sizeof(second));
		else
			ok = ok && take_catalog(s, NULL, second, err);
		before[0] = '\0';
		if (!ok && (tries == TRIES || !may_be_gone(err)))
			return false;
		if (!ok || (strcmp(first, second) != 0 && tries < TRIES))
			continue;
		tell_hidden(s, &r);
		schema_settle(&schema, arena);
		*ret = schema;
		return true;
	}
}

static bool keep(struct my_db *s, const char hex[65])
{
	memcpy(s->fingerprint, hex, sizeof(s->fingerprint));
	return true;
}

bool my_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	for (int tries = 1;; tries++) {
		if (!my_enter(s, stop, err))
			return false;
		if (my_ahead_fingerprint(s) != NULL) {
			memcpy(hex, my_ahead_fingerprint(s), sizeof(s->ahead.fingerprint));
			my_ahead_forget(s);
			return keep(s, hex);
		}
		if (take_catalog(s, NULL, hex, err))
			return keep(s, hex);
		if (tries == TRIES || !may_be_gone(err))
			return false;
	}
}
