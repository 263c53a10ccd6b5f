/*
 * What people wrote into a mirror, as PostgreSQL itself would keep it: made in scratch schemas, one
 * for each that is spoken of, read back, and rolled back with all the rest. Only what differs from
 * the live schema is made; names it speaks of are looked for among what was made and then in the
 * real schema. Each object under a savepoint, and as one statement of the extended protocol, so
 * that nothing a mirror holds can end the transaction.
 */
#include "base/text.h"
#include "db/postgres/schema_parts.h"
#include "schema/diff.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MAX = 16 << 20,
	SCHEMAS_MAX = 64
};

struct scratch {
	struct pg_db *s;
	const struct schema *written;
	struct arena *arena;
	char prefix[48];                  /* of the scratch schemas' names */
	const char *schemas[SCHEMAS_MAX]; /* for each the one it stands for; the first is "" */
	size_t schema_count;
	bool *wanted, *made; /* of each written object */
	bool over;           /* stopped, or the connection is lost */
	struct err *err;
};

/* --- What needs no server --- */

static void set_implied(struct schema_object *column, const char *type)
{
	bool serial =
	    type != NULL && (text_is_nocase(type, "serial") || text_is_nocase(type, "bigserial") ||
				text_is_nocase(type, "smallserial"));
	if (serial || schema_value(column, "identity") != NULL)
		schema_set(column, "notNull", "true");
}

static bool lists(const char *terms, const char *name, struct arena *arena)
{
	for (const char *at = terms; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		if (text_is(pg_name_of_term(at, (size_t)(end - at), arena), name))
			return true;
		at = *end == '\0' ? NULL : end + 1;
	}
	return false;
}

static const struct schema_object *primary_key(
    const struct schema *schema, const char *schema_name, const char *table)
{
	return schema_find(
	    schema, &pg_kind_primary_key, schema_name, table, pg_kind_primary_key.name);
}

/* A foreign key refers to the primary key unless it says otherwise. */
static void refer_to_key(
    const struct schema *schema, struct schema_object *key, struct arena *arena)
{
	CLEANUP(buf_free) struct buf names = buf_init(SQL_MAX);
	const char *table = schema_value(key, "references");
	const char *other = schema_value(key, "referencesSchema");
	if (table == NULL || schema_value(key, "referencedColumns") != NULL)
		return;
	const struct schema_object *found =
	    primary_key(schema, other == NULL ? key->schema : other, table);
	for (const char *at = found == NULL ? NULL : schema_value(found, "columns"); at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		const char *name = pg_name_of_term(at, (size_t)(end - at), arena);
		if (names.len > 0)
			buf_add_char(&names, SCHEMA_SEPARATOR);
		buf_add_text(&names, name == NULL ? "" : name);
		at = *end == '\0' ? NULL : end + 1;
	}
	if (names.len > 0)
		schema_set(key, "referencedColumns", arena_strdup(arena, names.data));
}

/* True when it lost its name. */
static bool make_plain(
    const struct schema *written, struct schema_object *object, struct arena *arena)
{
	const char *made;
	if (object->kind == &pg_kind_column) {
		const struct schema_object *key =
		    primary_key(written, object->schema, object->parent);
		set_implied(object, schema_value(object, "type"));
		if (key != NULL && lists(schema_value(key, "columns"), object->name, arena))
			schema_set(object, "notNull", "true");
	}
	if (object->kind == &pg_kind_foreign_key)
		refer_to_key(written, object, arena);
	if (object->given == NULL || !pg_name_made_of(written, object, &made, arena) ||
	    !pg_name_is_made(object->kind, object->given, object->parent, made))
		return false;
	object->given = NULL;
	if (object->kind == &pg_kind_primary_key)
		schema_set(object, "name", NULL);
	return true;
}

/* The order is the same as long as the names are. */
static void keep_order(const struct schema *written, struct schema *plain, struct arena *arena)
{
	plain->by_name = arena_array(arena, plain->count + 1, sizeof(const struct schema_object *));
	for (size_t i = 0; i < plain->count; i++)
		plain->by_name[i] = plain->objects + (written->by_name[i] - written->objects);
}

/* A copy in which nothing is said that goes without saying. */
static void plain_copy(const struct schema *written, struct schema *plain, struct arena *arena)
{
	*plain = *written;
	plain->objects = arena_array(arena, written->count + 1, sizeof(*plain->objects));
	plain->capacity = written->count + 1;
	bool renamed = false;
	for (size_t i = 0; i < written->count; i++) {
		plain->objects[i] = written->objects[i];
		renamed = make_plain(written, &plain->objects[i], arena) || renamed;
	}
	if (renamed)
		schema_settle(plain, arena);
	else
		keep_order(written, plain, arena);
}

/* --- What is to be made --- */

static size_t top_of(const struct schema *schema, size_t i)
{
	while (i > 0 && schema->objects[i].kind->parent != NULL)
		i--;
	return i;
}

static bool want(struct scratch *c, const struct schema *live)
{
	struct schema_diff diff;
	bool any = live == NULL && c->written->count > 0;
	for (size_t i = 0; live == NULL && i < c->written->count; i++)
		c->wanted[i] = c->written->objects[i].kind->parent == NULL;
	if (live == NULL)
		return any;
	schema_diff(&diff, c->written, live, false, c->arena);
	for (size_t i = 0; i < diff.count; i++) {
		if (diff.changes[i].left == NULL)
			continue;
		size_t at = (size_t)(diff.changes[i].left - c->written->objects);
		c->wanted[top_of(c->written, at)] = any = true;
	}
	return any;
}

/* The scratch schema's name, which needs no quotes; NULL when there are too many. */
static const char *scratch_of(struct scratch *c, const char *schema)
{
	size_t i = 0;
	while (i < c->schema_count && !text_is(c->schemas[i], schema))
		i++;
	if (i == SCHEMAS_MAX)
		return NULL;
	if (i == c->schema_count)
		c->schemas[c->schema_count++] = schema;
	return arena_printf(c->arena, "%s%zu_", c->prefix, i);
}

/* --- Making --- */

/* One statement. What the server refuses is undone; any other failure ends it all. */
static bool run(struct scratch *c, const char *sql)
{
	struct err refused;
	if (c->over)
		return false;
	if (pg_ask(c->s, sql, NULL, 0, c->arena, NULL, &refused))
		return pg_script(c->s,
			   "RELEASE SAVEPOINT db_entry_object; SAVEPOINT db_entry_object",
			   c->err) ||
		       !(c->over = true);
	if (refused.kind != ERR_DATABASE || c->s->conn == NULL) {
		*c->err = refused;
		c->over = true;
	} else if (!pg_script(c->s, "ROLLBACK TO SAVEPOINT db_entry_object", c->err)) {
		c->over = true;
	}
	return false;
}

static bool make(struct scratch *c, size_t i, enum pg_ddl what)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MAX);
	const char *schema = scratch_of(c, c->written->objects[i].schema);
	c->made[i] = schema != NULL && pg_ddl(c->written, i, what, schema, &sql) && !sql.overflow &&
		     run(c, sql.data);
	return c->made[i];
}

static bool is_part_of(const struct scratch *c, size_t i)
{
	return i < c->written->count && c->written->objects[i].kind->parent != NULL;
}

/* Columns and constraints that came with the table are made; the rest is tried one by one. */
static void make_parts(struct scratch *c, size_t top, bool whole)
{
	for (size_t i = top + 1; is_part_of(c, i); i++) {
		const struct schema_object *part = &c->written->objects[i];
		bool valid = !text_is(schema_value(part, "notValid"), "true");
		if (whole &&
		    (part->kind == &pg_kind_column || part->kind == &pg_kind_primary_key ||
			part->kind == &pg_kind_unique || part->kind == &pg_kind_exclusion ||
			(part->kind == &pg_kind_check && valid)))
			c->made[i] = true;
		else
			make(c, i, PG_DDL_PART);
	}
}

/* What others are made of comes first; what fails for want of another is tried again. */
static bool make_kind(struct scratch *c, const struct schema_kind *kind, bool piecewise)
{
	bool progress = false;
	for (size_t i = 0; i < c->written->count && !c->over; i++) {
		if (!c->wanted[i] || c->made[i] || c->written->objects[i].kind != kind)
			continue;
		bool bare = piecewise && kind == &pg_kind_table;
		if (!make(c, i, bare ? PG_DDL_BARE : PG_DDL_WHOLE))
			continue;
		make_parts(c, i, !bare);
		progress = true;
	}
	return progress;
}

static void make_all(struct scratch *c)
{
	static const struct schema_kind *const order[] = {&pg_kind_enum, &pg_kind_domain,
	    &pg_kind_composite, &pg_kind_sequence, &pg_kind_function, &pg_kind_procedure,
	    &pg_kind_table, &pg_kind_view, &pg_kind_materialized_view};
	bool piecewise = false, progress = true;
	while (progress && !c->over) {
		progress = false;
		for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
			progress = make_kind(c, order[i], piecewise) || progress;
		if (!progress && !piecewise)
			progress = piecewise = true;
	}
}

/* --- Reading back --- */

/* The scratch schema's name in a text is the one it stands for. */
static const char *true_text(struct scratch *c, const char *text)
{
	CLEANUP(buf_free) struct buf out = buf_init(SQL_MAX);
	const char *found;
	if (text == NULL || strstr(text, c->prefix) == NULL)
		return text;
	while ((found = strstr(text, c->prefix)) != NULL) {
		char *end;
		size_t i = strtoul(found + strlen(c->prefix), &end, 10);
		buf_add(&out, text, (size_t)(found - text));
		text = end + 1;
		if (i == 0 && *text == '.')
			text++;
		else if (i < c->schema_count) {
			char *name =
			    pq.escapeIdentifier(c->s->conn, c->schemas[i], strlen(c->schemas[i]));
			bool plain = name != NULL &&
				     strspn(c->schemas[i], "abcdefghijklmnopqrstuvwxyz_"
							   "0123456789") == strlen(c->schemas[i]);
			buf_add_text(&out, plain || name == NULL ? c->schemas[i] : name);
			pq.freemem(name);
		}
	}
	buf_add_text(&out, text);
	return arena_strdup(c->arena, out.data);
}

static const char *true_schema(struct scratch *c, const char *schema)
{
	size_t i = strncmp(schema, c->prefix, strlen(c->prefix)) == 0
		       ? strtoul(schema + strlen(c->prefix), NULL, 10)
		       : 0;
	return i < c->schema_count ? c->schemas[i] : schema;
}

/* Which written object was read back; the count of them when none was. */
static size_t written_for(const struct scratch *c, const struct schema_object *read)
{
	const struct schema *written = c->written;
	static const char own[] = PG_DDL_NAME;
	size_t name = strcspn(read->given == NULL ? "" : read->given, "(");
	if (read->given == NULL)
		return written->count;
	if (text_starts(read->given, own))
		return strtoul(read->given + strlen(own), NULL, 10);
	const struct schema_object *same =
	    schema_find(written, read->kind, read->schema, read->parent, read->given);
	if (same != NULL)
		return (size_t)(same - written->objects);
	/* A function whose types are written in another way. */
	for (size_t i = 0; i < written->count; i++)
		if (c->made[i] && written->objects[i].kind == read->kind &&
		    read->given[name] == '(' && text_is(written->objects[i].schema, read->schema) &&
		    strncmp(written->objects[i].name, read->given, name + 1) == 0)
			return i;
	return written->count;
}

/* Attributes that pg_ddl() leaves out, beside comments: they are compared as they are written. */
static bool is_left_out(const struct schema_kind *kind, const char *attribute)
{
	static const struct {
		const struct schema_kind *kind;
		const char *attributes;
	} left_out[] = {
	    {&pg_kind_table, " partitionOf bound inherits ofType accessMethod options rowSecurity"
			     " forceRowSecurity replicaIdentity server foreignOptions "},
	    {&pg_kind_column, " storage compression statistics options foreignOptions"
			      " notNullConstraint "},
	    {&pg_kind_primary_key, " name "},
	    {&pg_kind_index, " invalid "},
	    {&pg_kind_view_index, " invalid "},
	    {&pg_kind_materialized_view, " accessMethod options "},
	    {&pg_kind_sequence, " unlogged ownedBy "},
	    {&pg_kind_function, " leakproof support transforms settings "},
	    {&pg_kind_procedure, " settings transforms "},
	};
	char word[64];
	snprintf(word, sizeof(word), " %s ", attribute);
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (left_out[i].kind == kind && strstr(left_out[i].attributes, word) != NULL)
			return true;
	return text_is(attribute, "comment");
}

/* `object` is the written one, in the result. */
static void take_back(
    struct scratch *c, struct schema_object *object, const struct schema_object *read)
{
	const struct schema_attribute *attributes = object->kind->attributes;
	for (size_t i = 0; attributes[i].name != NULL; i++)
		if (!is_left_out(object->kind, attributes[i].name))
			object->values[i] = true_text(c, read->values[i]);
	if (strchr(object->name, '(') != NULL &&
	    (object->kind == &pg_kind_function || object->kind == &pg_kind_procedure))
		object->given = true_text(c, read->given);
}

static bool read_back(struct scratch *c, struct schema *ret)
{
	struct schema read = {.kinds = pg_kinds, .dialect = &dialect_postgres};
	if (c->over || !pg_schema_read(c->s, c->prefix, &read, c->arena, c->err))
		return false;
	for (size_t i = 0; i < read.count; i++) {
		struct schema_object *object = &read.objects[i];
		object->schema = true_schema(c, object->schema);
		size_t at = written_for(c, object);
		if (at < c->written->count && c->made[at] &&
		    c->written->objects[at].kind == object->kind)
			take_back(c, &ret->objects[at], object);
	}
	return true;
}

/* --- The scratch schemas --- */

static bool begin(struct scratch *c, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(SQL_MAX);
	const char *current = pg_schema_quoted(c->s, c->arena);
	snprintf(c->prefix, sizeof(c->prefix), "db_entry_scratch_%d_", c->s->server.pid);
	scratch_of(c, "");
	for (size_t i = 0; i < c->written->count; i++)
		if (c->wanted[i])
			scratch_of(c, c->written->objects[i].schema);
	const char *path = arena_printf(c->arena, "%s0_%s%s, pg_temp", c->prefix,
	    current == NULL ? "" : ", ", current == NULL ? "" : current);
	if (!pg_schema_enter(c->s, path, "READ COMMITTED READ WRITE", err))
		return false;
	for (size_t i = 0; i < c->schema_count; i++)
		buf_printf(&script, "CREATE SCHEMA %s%zu_; ", c->prefix, i);
	buf_add_text(&script, "SELECT pg_catalog.set_config('check_function_bodies', 'off', true),"
			      " pg_catalog.set_config('lock_timeout', '1s', true);"
			      " SAVEPOINT db_entry_object");
	if (pg_script(c->s, script.data, err))
		return true;
	pg_schema_leave(c->s);
	return false;
}

/* True also when the server does not let us: then nothing more is known. */
static bool find_out(struct scratch *c, struct schema *ret)
{
	struct schema found = *ret;
	struct err refused;
	if (!begin(c, &refused)) {
		bool lost = refused.kind != ERR_DATABASE || c->s->conn == NULL;
		if (lost)
			*c->err = refused;
		return !lost;
	}
	c->s->lock.verified = false; /* what a mirror holds may let go of it */
	make_all(c);
	found.objects = arena_array(c->arena, ret->count + 1, sizeof(*found.objects));
	memcpy(found.objects, ret->objects, ret->count * sizeof(*found.objects));
	bool ok = read_back(c, &found);
	pg_schema_leave(c->s);
	if (!ok)
		return false;
	schema_settle(&found, c->arena);
	*ret = found;
	return true;
}

bool pg_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct schema plain, *kept = arena_alloc(arena, sizeof(*kept));
	plain_copy(written, &plain, arena);
	*kept = plain;
	struct scratch c = {.s = s,
	    .written = kept,
	    .arena = arena,
	    .wanted = arena_array(arena, plain.count + 1, sizeof(bool)),
	    .made = arena_array(arena, plain.count + 1, sizeof(bool)),
	    .err = err};
	if (db != NULL && (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err)))
		return false;
	if (db != NULL && want(&c, live) && !find_out(&c, &plain))
		return false;
	*ret = plain;
	return true;
}
