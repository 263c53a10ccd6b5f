/* What happened in this transaction, from the cursor that was declared when it began. */
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/proof.h"
#include "gen/sql.h"
#include "sql/risk.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	OID_PAGES = 2613, /* pg_largeobject */
	OID_PAGES_INDEX = 2683,
	OID_OBJECTS = 2995, /* pg_largeobject_metadata */
	OID_SCHEMAS = 2615  /* pg_namespace */
};

enum before {
	BEFORE_FIRST,
	BEFORE_OID,
	BEFORE_MODE,
	BEFORE_KIND,
	BEFORE_PERSISTENCE,
	BEFORE_SCHEMA,
	BEFORE_NAME,
	BEFORE_REWRITTEN,
	BEFORE_GONE,
	BEFORE_INSERTED,
	BEFORE_UPDATED,
	BEFORE_DELETED,
	BEFORE_PARENT,
	BEFORE_BLANK,
	BEFORE_POPULATED,
	BEFORE_VALUE,
	BEFORE_COLUMNS,
	BEFORE_TITLE,
	BEFORE_TYPE,
	BEFORE_LOCK_HIGH,
	BEFORE_LOCK_LOW,
	BEFORE_LOCK_SORT,
	BEFORE_COUNT
};

/* What is asked beside, of the session. */
enum session {
	SESSION_WHOLE,
	SESSION_COUNTS,
	SESSION_ROLE,
	SESSION_PAGES,
	SESSION_OBJECTS,
	SESSION_TEMPORARY,
	SESSION_COUNT /* at least */
};

enum now {
	NOW_WANTED,
	NOW_OID,
	NOW_KIND,
	NOW_PERSISTENCE,
	NOW_SCHEMA,
	NOW_NAME,
	NOW_READABLE,
	NOW_USERS,
	NOW_VALUE,
	NOW_COLUMNS,
	NOW_COUNT
};

static int64_t number(const char *cell)
{
	return cell == NULL ? 0 : strtoll(cell, NULL, 10);
}

static uint32_t oid(const char *cell)
{
	return cell == NULL ? 0 : (uint32_t)strtoul(cell, NULL, 10);
}

/* Up to the \1 behind it; one that is its own stands twice. */
static const char *read_name(const char **text, struct arena *arena)
{
	const char *at = *text;
	char *name = arena_alloc(arena, strlen(at) + 1);
	size_t len = 0;
	while (*at != '\0' && (*at != '\1' || at[1] == '\1')) {
		name[len++] = *at;
		at += *at == '\1' ? 2 : 1;
	}
	*text = at + (*at != '\0');
	return name;
}

/* "1 23 -1 f id\1…" */
static void read_columns(struct proof_columns *columns, const char *text, struct arena *arena)
{
	size_t capacity = 0;
	*columns = (struct proof_columns){0};
	while (text != NULL && *text != '\0') {
		char *at = NULL;
		struct proof_column column;
		column.number = (int)strtol(text, &at, 10);
		column.type = (uint32_t)strtoul(at, &at, 10);
		column.modifier = (int)strtol(at, &at, 10);
		if (strncmp(at, " t ", 3) != 0 && strncmp(at, " f ", 3) != 0)
			return;
		column.generated = at[1] == 't';
		text = at + 3;
		column.name = read_name(&text, arena);
		columns->items =
		    arena_grow(arena, columns->items, columns->count, &capacity, sizeof(column));
		columns->items[columns->count++] = column;
	}
}

/* One lock; a relation may have several. */
static void read_relation(
    struct proof_relation *relation, const char *const *cells, struct arena *arena)
{
	const char *mode = cells[BEFORE_MODE];
	*relation = (struct proof_relation){
	    .oid = oid(cells[BEFORE_OID]),
	    .parent = oid(cells[BEFORE_PARENT]),
	    .reads = text_is(mode, "AccessShareLock") || text_is(mode, "RowShareLock"),
	    .writes = text_is(mode, "RowExclusiveLock"),
	    .then = cells[BEFORE_KIND] != NULL,
	    .rewritten = pg_true(cells[BEFORE_REWRITTEN]),
	    /* Of one that was not there it is "not known", unless it has none. */
	    .filed = cells[BEFORE_REWRITTEN] == NULL,
	    .gone = pg_true(cells[BEFORE_GONE]),
	    .blank = pg_true(cells[BEFORE_BLANK]),
	    .populated = pg_true(cells[BEFORE_POPULATED]),
	    .kind = cells[BEFORE_KIND] == NULL ? '\0' : cells[BEFORE_KIND][0],
	    .persistence = cells[BEFORE_PERSISTENCE] == NULL ? '\0' : cells[BEFORE_PERSISTENCE][0],
	    .schema = cells[BEFORE_SCHEMA],
	    .name = cells[BEFORE_NAME],
	    .value = cells[BEFORE_VALUE],
	    .inserted = number(cells[BEFORE_INSERTED]),
	    .updated = number(cells[BEFORE_UPDATED]),
	    .deleted = number(cells[BEFORE_DELETED]),
	    .title = cells[BEFORE_TITLE],
	};
	relation->alters = !relation->reads && !relation->writes;
	if (relation->oid < FIRST_OID && relation->kind == 'r')
		relation->kind = PROOF_CATALOG;
	read_columns(&relation->columns, cells[BEFORE_COLUMNS], arena);
}

static int by_oid(const void *a, const void *b)
{
	const struct proof_relation *left = a, *right = b;
	return (left->oid > right->oid) - (left->oid < right->oid);
}

struct proof_relation *pg_proof_find(const struct proof_facts *facts, uint32_t wanted)
{
	const struct proof_relation key = {.oid = wanted};
	return facts->count == 0
		   ? NULL
		   : bsearch(&key, facts->relations, facts->count, sizeof(key), by_oid);
}

struct proof_relation *pg_proof_root(
    const struct proof_facts *facts, struct proof_relation *relation)
{
	for (int depth = 0; depth < 64; depth++) {
		struct proof_relation *parent = pg_proof_find(facts, relation->parent);
		if (parent == NULL || !parent->then)
			return relation;
		relation = parent;
	}
	return relation;
}

bool pg_proof_is_free(
    const struct pg_proof *proof, const struct proof_facts *facts, uint32_t oid, int column)
{
	const struct proof_relation *relation = pg_proof_find(facts, oid);
	return (relation != NULL && !relation->then) ||
	       pg_proof_set_has(&proof->free, pg_proof_key(oid, 0)) ||
	       pg_proof_set_has(&proof->free, pg_proof_key(oid, column));
}

static bool refuse_cursor(struct err *err)
{
	err_set(err, ERR_DATABASE, "a statement used the cursor of the proof, db_entry_before");
	return err_next(err, "remove it, or CLOSE ALL");
}

/* Counters go on from one transaction to the next: "{oid,inserted,updated,deleted,…}" at its begin.
 */
static void subtract(struct pg_db *s, struct proof_facts *facts, const char *text)
{
	if (text == NULL)
		return;
	while (*text == '{' || *text == ',') {
		char *at = NULL;
		uint32_t which = (uint32_t)strtoul(text + 1, &at, 10);
		int64_t counts[3] = {0};
		for (int i = 0; i < 3 && *at == ','; i++)
			counts[i] = strtoll(at + 1, &at, 10);
		struct proof_relation *relation = pg_proof_find(facts, which);
		if (relation != NULL) {
			relation->inserted -= counts[0];
			relation->updated -= counts[1];
			relation->deleted -= counts[2];
		} else if (which == OID_PAGES)
			facts->pages_changed -= counts[1] + counts[2];
		else if (which == OID_OBJECTS)
			facts->objects_deleted -= counts[2];
		if (counts[0] + counts[1] + counts[2] > 0)
			pg_proof_set_add(&s->proof->counted, which);
		text = at;
	}
}

static bool read_session(
    struct pg_db *s, struct proof_facts *facts, const struct db_rows *rows, struct err *err)
{
	const char *const *cells = rows->cells;
	if (rows->count != 1 || rows->columns < SESSION_COUNT || !pg_true(cells[SESSION_WHOLE]))
		return refuse_cursor(err);
	if (!text_is(cells[SESSION_COUNTS], "on"))
		return err_set(err, ERR_DATABASE,
		    "track_counts is off, and the proof goes by what the server counts");
	facts->pages_changed = number(cells[SESSION_PAGES]);
	facts->objects_deleted = number(cells[SESSION_OBJECTS]);
	facts->temporary = number(cells[SESSION_TEMPORARY]) != 0;
	if (facts->pages_changed + facts->objects_deleted > 0) {
		pg_proof_set_add(&s->proof->counted, OID_PAGES);
		pg_proof_set_add(&s->proof->counted, OID_OBJECTS);
	}
	facts->triggers_off =
	    s->proof->role || !text_is(cells[SESSION_ROLE], s->ourselves[PG_REPLICATION_ROLE]);
	return true;
}

static bool is_ours(const struct pg_db *s, const struct proof_relation *relation)
{
	return relation->then && relation->oid >= FIRST_OID &&
	       text_starts(relation->name, "db_entry_") &&
	       text_is(relation->schema, s->server.schema);
}

/* A schema that is renamed moves its tables without a lock. */
static bool meets_ours(const struct pg_db *s, const struct proof_relation *relation)
{
	return (is_ours(s, relation) && (relation->writes || relation->alters)) ||
	       relation->oid == OID_SCHEMAS ||
	       (relation->title != NULL && strstr(relation->title, "db_entry_") != NULL);
}

/*
 * What is deferred, constraints with their triggers and cursors WITH HOLD, must have done what it
 * does, or never do it. Then the session is its own again. Operators are called by the names of
 * their functions: the search path is still the migration's.
 */
static void write_questions(const struct pg_db *s, struct buf *sql)
{
	buf_printf(sql,
	    "SET CONSTRAINTS ALL IMMEDIATE;"
	    " SELECT EXISTS (SELECT FROM pg_catalog.pg_cursor() AS c"
	    " WHERE pg_catalog.texteq(c.name, 'db_entry_before') AND"
	    " pg_catalog.int8eq(" PROOF_MICROSECONDS("c.creation_time") ", %s)),",
	    s->proof->declared);
	buf_add_text(sql, " pg_catalog.current_setting('track_counts'),"
			  " pg_catalog.current_setting('session_replication_role'),"
			  " pg_catalog.int8pl(pg_catalog.pg_stat_get_xact_tuples_updated(2613),"
			  " pg_catalog.pg_stat_get_xact_tuples_deleted(2613)),"
			  " pg_catalog.pg_stat_get_xact_tuples_deleted(2995),"
			  " pg_catalog.pg_my_temp_schema()");
	pg_guard_return(s, sql);
	buf_add_text(sql, "; FETCH ALL FROM db_entry_before; CLOSE ALL");
}

/* The locks of one relation become one. */
static size_t merge(struct proof_relation *relations, size_t count)
{
	size_t used = 0;
	qsort(relations, count, sizeof(*relations), by_oid);
	for (size_t i = 0; i < count; i++) {
		struct proof_relation *last = used == 0 ? NULL : &relations[used - 1];
		if (last == NULL || last->oid != relations[i].oid) {
			relations[used++] = relations[i];
			continue;
		}
		last->reads |= relations[i].reads;
		last->writes |= relations[i].writes;
		last->alters |= relations[i].alters;
		if (relations[i].columns.count > 0)
			last->columns = relations[i].columns;
		if (relations[i].title != NULL)
			last->title = relations[i].title;
	}
	return used;
}

/* Catalogs' indexes are locked by statements that write them, never by DDL; pg_largeobject's by
 * large objects. */
static bool is_of_interest(const struct pg_db *s, const struct proof_relation *relation)
{
	if (relation->oid == 0 || is_ours(s, relation) || relation->persistence == 't')
		return false;
	if (!relation->then)
		return true;
	return relation->oid < FIRST_OID
		   ? relation->oid != OID_PAGES_INDEX &&
			 (relation->kind == PROOF_CATALOG || relation->kind == 'i')
		   : strchr("rpmfcSv", relation->kind) != NULL;
}

/* Is it the advisory lock of the run? */
static bool is_the_lock(const struct pg_db *s, const char *const *cells)
{
	uint64_t key = (uint64_t)oid(cells[BEFORE_LOCK_HIGH]) << 32 | oid(cells[BEFORE_LOCK_LOW]);
	return text_is(cells[BEFORE_TYPE], "advisory") && cells[BEFORE_LOCK_LOW] != NULL &&
	       text_is(cells[BEFORE_LOCK_SORT], "1") &&
	       text_is(cells[BEFORE_MODE], "ExclusiveLock") && key == (uint64_t)s->lock.key;
}

static bool read_relations(
    struct pg_db *s, struct proof_facts *facts, const struct db_rows *rows, struct err *err)
{
	struct arena *arena = &s->proof->transaction;
	facts->relations = arena_array(arena, rows->count + 1, sizeof(*facts->relations));
	if (rows->columns != BEFORE_COUNT || rows->count == 0 || rows->cells[BEFORE_FIRST] == NULL)
		return refuse_cursor(err);
	for (size_t i = 0; i < rows->count; i++) {
		struct proof_relation *relation = &facts->relations[facts->count];
		const char *const *cells = rows->cells + i * rows->columns;
		s->lock.verified |= is_the_lock(s, cells);
		read_relation(relation, cells, arena);
		facts->meets_ours |= meets_ours(s, relation);
		facts->schemas |= relation->oid == OID_SCHEMAS;
		facts->count += is_of_interest(s, relation);
	}
	facts->count = merge(facts->relations, facts->count);
	return true;
}

/* What the session is, and what the cursor has; one after the other. */
struct answers {
	struct db_rows session, before;
	size_t count;
};

static void take_answer(void *context, const struct db_rows *rows)
{
	struct answers *answers = context;
	*(answers->count++ == 0 ? &answers->session : &answers->before) = *rows;
}

static bool fetch(struct pg_db *s, struct answers *answers, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct pg_request request = {.script = true,
	    .arena = &s->proof->transaction,
	    .each = take_answer,
	    .context = answers};
	write_questions(s, &sql);
	request.sql = sql.data;
	return pg_request(s, &request, err) || (text_is(err->code, "34000") && refuse_cursor(err));
}

bool pg_proof_read(struct pg_db *s, struct proof_facts *ret, struct err *err)
{
	struct proof_facts facts = {0};
	struct answers answers = {.count = 0};
	if (!fetch(s, &answers, err) || !read_session(s, &facts, &answers.session, err) ||
	    !read_relations(s, &facts, &answers.before, err))
		return false;
	for (size_t i = 0; i < facts.count; i++) {
		struct proof_relation *relation = &facts.relations[i];
		relation->free = !relation->then ||
				 pg_proof_set_has(&s->proof->free, pg_proof_key(relation->oid, 0));
		if (relation->inserted + relation->updated + relation->deleted > 0)
			pg_proof_set_add(&s->proof->counted, relation->oid);
		if (relation->kind == 'S' && (relation->writes || relation->alters))
			pg_proof_set_add(&s->proof->touched, relation->oid);
	}
	s->proof->looked = true;
	subtract(s, &facts, s->proof->counters);
	/* Otherwise the guard has to look itself (guard.c). */
	if (!facts.meets_ours)
		s->unchecked = false;
	s->proof->uncounted = false;
	*ret = facts;
	return true;
}

/* --- What they are now --- */

/* Is what it is now of interest? */
static bool is_asked(const struct pg_proof *proof, const struct proof_facts *facts,
    const struct proof_relation *relation)
{
	if (!relation->then)
		/* A foreign table, perhaps: it counts nothing and has no file. */
		return relation->writes && !relation->gone && !relation->filed;
	if (relation->oid < FIRST_OID)
		return false;
	/* What it has is this run's, but other tables may keep values from before in its type. */
	if (relation->free)
		return proof->past && relation->alters && relation->columns.count > 0 &&
		       !relation->gone;
	if (relation->kind == 'm')
		return relation->gone;
	if (relation->kind == 'S')
		return relation->gone || relation->alters;
	/* Its rows may be counted: by the name it has now. */
	if (facts->schemas && relation->inserted > 0)
		return true;
	return relation->gone || relation->alters || relation->rewritten || relation->deleted > 0 ||
	       (relation->updated > 0 && !relation->excused) || relation->kind == 'p';
}

static void add_quoted(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

/* The three arrays of sql/proof_now.sql; how many there are. */
static size_t add_asked(
    const struct pg_proof *proof, const struct proof_facts *facts, struct buf out[3])
{
	size_t count = 0;
	for (size_t i = 0; i < facts->count; i++) {
		const struct proof_relation *relation = &facts->relations[i];
		if (!is_asked(proof, facts, relation))
			continue;
		const char *between = count++ == 0 ? "{" : ",";
		buf_printf(&out[0], "%s%" PRIu32, between, relation->oid);
		buf_add_text(&out[1], between);
		add_quoted(&out[1], relation->schema);
		buf_add_text(&out[2], between);
		add_quoted(&out[2], relation->name);
	}
	for (int i = 0; i < 3; i++)
		buf_add_char(&out[i], '}');
	return count;
}

static void read_now(struct proof_relation *relation, const char *const *cells, struct arena *arena)
{
	struct proof_now *now = arena_alloc(arena, sizeof(*now));
	*now = (struct proof_now){
	    .oid = oid(cells[NOW_OID]),
	    .kind = cells[NOW_KIND][0],
	    .persistence = cells[NOW_PERSISTENCE][0],
	    .schema = cells[NOW_SCHEMA],
	    .name = cells[NOW_NAME],
	    .readable = pg_true(cells[NOW_READABLE]),
	    .users = cells[NOW_USERS],
	    .value = cells[NOW_VALUE],
	};
	read_columns(&now->columns, cells[NOW_COLUMNS], arena);
	/* What was not altered is as it was. */
	if (relation->then && !relation->alters && !relation->gone)
		relation->columns = now->columns;
	relation->now = now;
}

/* What else has the name of one that is gone goes on for it when this run made it; what was there
 * before has rows of its own to answer for. */
static bool may_succeed(const struct pg_proof *proof, const struct proof_facts *facts, uint32_t oid)
{
	const struct proof_relation *relation = pg_proof_find(facts, oid);
	return (relation != NULL && !relation->then) || pg_proof_set_has(&proof->own, oid) ||
	       pg_proof_set_has(&proof->free, pg_proof_key(oid, 0));
}

static bool ask_now(
    struct pg_db *s, struct proof_facts *facts, const struct buf asked[3], struct err *err)
{
	struct arena *arena = &s->proof->transaction;
	const char *const values[] = {asked[0].data, asked[1].data, asked[2].data};
	struct db_rows rows;
	for (int i = 0; i < 3; i++)
		if (asked[i].overflow)
			return err_set(err, ERR_DATABASE, "too many tables are touched at once");
	if (!pg_ask(s, sql_postgres_proof_now, values, 3, arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count && rows.columns == NOW_COUNT; i++) {
		const char *const *cells = rows.cells + i * NOW_COUNT;
		struct proof_relation *relation = pg_proof_find(facts, oid(cells[NOW_WANTED]));
		uint32_t found = oid(cells[NOW_OID]);
		if (relation != NULL &&
		    (found == relation->oid || may_succeed(s->proof, facts, found)))
			read_now(relation, cells, arena);
	}
	return true;
}

bool pg_proof_read_now(struct pg_db *s, struct proof_facts *facts, struct err *err)
{
	struct buf asked[3] = {
	    buf_init(PROOF_SQL_MOST), buf_init(PROOF_SQL_MOST), buf_init(PROOF_SQL_MOST)};
	bool ok = add_asked(s->proof, facts, asked) == 0 || ask_now(s, facts, asked, err);
	for (int i = 0; i < 3; i++)
		buf_free(&asked[i]);
	return ok;
}
