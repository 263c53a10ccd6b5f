/*
 * What people wrote into a mirror, as the server itself would keep it. What is known by rule needs
 * no server (schema_rules.c). Where that differs from the live schema, the tables and views are
 * made in a scratch database, when the user may make one, read back and dropped.
 */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include "gen/sql.h"
#include "schema/diff.h"
#include "sql/names.h"
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MAX = 16 << 20
};

struct making {
	struct my_scratch scratch;
	struct my_db *s; /* of it */
	const struct schema *written;
	struct arena *arena;
	bool *wanted, *made; /* of each written object */
	bool over;           /* stopped, or the connection is lost */
	struct err *err;
};

static size_t top_of(const struct schema *schema, size_t i)
{
	while (i > 0 && schema->objects[i].kind->parent != NULL)
		i--;
	return i;
}

static bool is_makeable(const struct schema_object *object)
{
	return object->kind == &my_kind_table || object->kind == &my_kind_view;
}

/* What a view speaks of has to be there. */
static void want_for_views(struct making *m)
{
	bool more = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < m->written->count; i++) {
			const struct schema_object *view = &m->written->objects[i];
			const char *query =
			    view->kind == &my_kind_view ? schema_value(view, "query") : NULL;
			for (size_t o = 0; m->wanted[i] && query != NULL && o < m->written->count;
			     o++) {
				const struct schema_object *other = &m->written->objects[o];
				if (m->wanted[o] || !is_makeable(other) ||
				    !sql_names(&dialect_mariadb, query, strlen(query), other->name))
					continue;
				m->wanted[o] = more = true;
			}
		}
	}
}

/* What differs from the live schema, and what that needs. */
static bool want(struct making *m, const struct schema *live)
{
	struct schema_diff diff;
	bool any = false;
	for (size_t i = 0; live == NULL && i < m->written->count; i++)
		if (is_makeable(&m->written->objects[i]))
			m->wanted[i] = any = true;
	if (live == NULL)
		return any;
	schema_diff(&diff, m->written, live, false, m->arena);
	for (size_t i = 0; i < diff.count; i++) {
		if (diff.changes[i].left == NULL)
			continue;
		/* Where something is renamed the change has a copy. */
		const struct schema_object *left =
		    schema_find_same(m->written, diff.changes[i].left);
		size_t top =
		    left == NULL ? 0 : top_of(m->written, (size_t)(left - m->written->objects));
		if (left != NULL && is_makeable(&m->written->objects[top]))
			m->wanted[top] = any = true;
	}
	want_for_views(m);
	return any;
}

/* --- Making --- */

/* What the server refuses is not made; any other failure ends it all. */
static bool run(struct making *m, const char *sql)
{
	struct err refused;
	if (m->over)
		return false;
	if (my_do(m->s, sql, &refused))
		return true;
	if (refused.kind != ERR_DATABASE || m->s->conn == NULL) {
		*m->err = refused;
		m->over = true;
	}
	return false;
}

static bool make(struct making *m, size_t i, enum my_ddl what)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MAX);
	m->made[i] = my_ddl(m->written, i, what, m->s->server.maria, &sql) && !sql.overflow &&
		     run(m, sql.data);
	return m->made[i];
}

static bool is_part_of(const struct making *m, size_t i)
{
	return i < m->written->count && m->written->objects[i].kind->parent != NULL;
}

/* A table that can't be made as a whole is made part by part. */
static void make_table(struct making *m, size_t table)
{
	bool whole = make(m, table, MY_DDL_WHOLE);
	if (!whole && !make(m, table, MY_DDL_BARE))
		return;
	for (size_t i = table + 1; is_part_of(m, i); i++) {
		if (whole)
			m->made[i] = m->written->objects[i].kind != &my_kind_foreign_key &&
				     m->written->objects[i].kind != &my_kind_trigger;
		else
			make(m, i, MY_DDL_PART);
	}
	m->made[table] = whole;
}

static void make_all(struct making *m)
{
	bool progress = true;
	for (size_t i = 0; i < m->written->count && !m->over; i++)
		if (m->written->objects[i].kind == &my_kind_sequence)
			make(m, i, MY_DDL_WHOLE);
	for (size_t i = 0; i < m->written->count && !m->over; i++)
		if (m->wanted[i] && m->written->objects[i].kind == &my_kind_table)
			make_table(m, i);
	while (progress && !m->over) {
		progress = false;
		for (size_t i = 0; i < m->written->count && !m->over; i++)
			if (m->wanted[i] && !m->made[i] &&
			    m->written->objects[i].kind == &my_kind_view)
				progress = make(m, i, MY_DDL_WHOLE) || progress;
	}
}

/* --- Reading back --- */

/* Which written object was read; the count of them when none was. */
static size_t written_for(const struct making *m, const struct schema_object *read)
{
	static const char own[] = MY_DDL_NAME;
	if (read->given != NULL && text_starts(read->given, own) && read->kind->parent != NULL)
		return read->given[strlen(own)] == '\0'
			   ? m->written->count
			   : strtoul(read->given + strlen(own), NULL, 10);
	if (read->given == NULL && !read->kind->single)
		return m->written->count;
	const struct schema_object *same = schema_find(m->written, read->kind, "", read->parent,
	    read->kind->single ? read->kind->name : read->given);
	return same == NULL ? m->written->count : (size_t)(same - m->written->objects);
}

/* Attributes that my_ddl() leaves out: they are compared as they are written. */
static bool is_left_out(const char *attribute)
{
	return text_is(attribute, "comment") || text_is(attribute, "definer");
}

static void take_back(struct schema_object *object, const struct schema_object *read)
{
	const struct schema_attribute *attributes = object->kind->attributes;
	for (size_t i = 0; attributes[i].name != NULL; i++)
		if (!is_left_out(attributes[i].name))
			object->values[i] = read->values[i];
}

static bool read_back(struct making *m, struct schema *ret)
{
	struct schema read = {.kinds = my_kinds, .dialect = &dialect_mariadb};
	struct my_reading r = {.schema = &read, .arena = m->arena};
	char digest[65];
	if (m->over || !my_schema_read(m->s, &r, digest, m->err))
		return false;
	for (size_t i = 0; i < read.count; i++) {
		size_t at = written_for(m, &read.objects[i]);
		if (at < m->written->count && m->made[at] &&
		    m->written->objects[at].kind == read.objects[i].kind &&
		    read.objects[i].kind != &my_kind_sequence)
			take_back(&ret->objects[at], &read.objects[i]);
	}
	return true;
}

/* True also when the server does not let us: then nothing more is known. */
static bool find_out(struct my_db *s, struct making *m, const char *collation, struct schema *ret)
{
	struct schema found = *ret;
	struct err refused;
	if (s->server.read_only)
		return true;
	if (!my_scratch_open(s, &m->scratch, collation, &refused)) {
		bool ended = refused.kind == ERR_STOPPED || refused.kind == ERR_TIMEOUT;
		my_scratch_close(s, &m->scratch);
		if (ended)
			*m->err = refused;
		return !ended;
	}
	m->s = &m->scratch.session;
	make_all(m);
	found.objects = arena_array(m->arena, ret->count + 1, sizeof(*found.objects));
	memcpy(found.objects, ret->objects, ret->count * sizeof(*found.objects));
	bool ok = read_back(m, &found);
	my_scratch_close(s, &m->scratch);
	if (!ok)
		return false;
	schema_settle(&found, m->arena);
	*ret = found;
	return true;
}

/* --- Rules --- */

static bool read_collations(struct my_db *s, struct my_reading *r, struct err *err)
{
	struct db_rows rows;
	if (!my_ask(s, sql_mariadb_collations, r->arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		my_reading_collation(r, rows.cells + i * rows.columns);
	my_reading_begin(r, s);
	return true;
}

bool my_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct schema plain = {.count = 0}, *kept = arena_alloc(arena, sizeof(*kept));
	struct my_reading r = {.arena = arena};
	if (db == NULL) {
		*ret = *written;
		return true;
	}
	if (!my_enter(s, stop, err) || !read_collations(s, &r, err))
		return false;
	my_plain_copy(&r, written, live, &plain);
	*kept = plain;
	struct making m = {.written = kept,
	    .arena = arena,
	    .wanted = arena_array(arena, plain.count + 1, sizeof(bool)),
	    .made = arena_array(arena, plain.count + 1, sizeof(bool)),
	    .err = err};
	if (want(&m, live) && !find_out(s, &m, r.collation, &plain))
		return false;
	*ret = plain;
	return true;
}
