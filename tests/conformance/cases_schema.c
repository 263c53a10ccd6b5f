/* The schema, its fingerprint, its canonical form. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include "migrate/snapshot.h"
#include "schema/diff.h"
#include <string.h>

static struct schema read_schema(struct world *w, struct db *db)
{
	struct schema schema;
	struct err err;
	must(w->driver->read_schema(db, &schema, &w->arena, &w->stop, &err), &err);
	return schema;
}

static void fingerprint(struct world *w, struct db *db, char hex[65])
{
	struct err err;
	must(w->driver->fingerprint(db, hex, &w->stop, &err), &err);
	assert_int_equal(strlen(hex), 64);
}

static size_t differences(struct world *w, const struct schema *left, const struct schema *right)
{
	struct schema_diff diff;
	schema_diff(&diff, left, right, false, &w->arena);
	return diff.count;
}

static const struct schema_object *column(const struct schema *schema, const char *name)
{
	const struct schema_kind *kind = schema_kind_of(schema, "columns");
	assert_non_null(kind);
	for (size_t i = 0; i < schema->count; i++)
		if (schema->objects[i].kind == kind && strcmp(schema->objects[i].name, name) == 0)
			return &schema->objects[i];
	return NULL;
}

static void kinds_are_well_formed(void **state)
{
	struct world *w = *state;
	const struct schema_kind *const *kinds = w->driver->kinds;
	struct schema schema = {.kinds = kinds};
	assert_non_null(kinds[0]);
	assert_non_null(schema_kind_of(&schema, "tables"));
	assert_non_null(schema_kind_of(&schema, "primaryKey"));
	assert_non_null(schema_kind_of(&schema, "uniques"));
	for (size_t i = 0; kinds[i] != NULL; i++) {
		bool known = kinds[i]->parent == NULL;
		assert_true(i < SCHEMA_KINDS_MAX);
		for (size_t j = 0; j < i; j++) {
			known = known || kinds[j] == kinds[i]->parent;
			assert_string_not_equal(kinds[i]->plural, kinds[j]->plural);
		}
		assert_true(known);
		if (kinds[i]->named_by != NULL)
			assert_true(schema_attribute_of(kinds[i], kinds[i]->named_by) >= 0);
		for (int a = 0; kinds[i]->attributes[a].name != NULL; a++)
			assert_true(a < SCHEMA_ATTRIBUTES_MAX);
	}
}

static void tables_are_read(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	assert_int_equal(read_schema(w, db).count, 0);
	run(w, db, TABLE);
	struct schema schema = read_schema(w, db);
	assert_string_equal(schema.engine, w->driver->name);
	assert_non_null(column(&schema, "id"));
	assert_non_null(column(&schema, "label"));
	assert_string_equal(column(&schema, "id")->parent, "thing");
	assert_true(column(&schema, "id")->position < column(&schema, "label")->position);
	assert_non_null(schema_value(column(&schema, "label"), "type"));
	assert_ptr_equal(schema_parent(&schema, column(&schema, "id"))->kind, w->driver->kinds[0]);
	db_close(&db);
}

static void reading_twice_is_equal(void **state)
{
	struct world *w = *state;
	char first[65], second[65];
	struct db *db = open_session(w);
	run(w, db, PARENT);
	run(w, db, CHILD);
	fingerprint(w, db, first);
	struct schema left = read_schema(w, db), right = read_schema(w, db);
	fingerprint(w, db, second);
	assert_string_equal(first, second);
	assert_int_equal(differences(w, &left, &right), 0);
	db_close(&db);
}

static void fingerprint_follows_the_schema(void **state)
{
	struct world *w = *state;
	char empty[65], made[65], filled[65];
	struct db *db = open_session(w);
	fingerprint(w, db, empty);
	run(w, db, TABLE);
	fingerprint(w, db, made);
	run(w, db, ROW);
	fingerprint(w, db, filled);
	assert_string_not_equal(empty, made);
	assert_string_equal(made, filled);
	db_close(&db);
}

static void own_tables(struct world *w, struct db *db)
{
	struct err err;
	must(history_prepare(db, &w->stop, &err), &err);
}

static void announced(struct world *w, struct db *db, struct history *history, char hex[65])
{
	struct snapshot snapshot;
	struct err err;
	snapshot_ahead(db);
	must(history_read(history, db, &w->arena, &w->stop, &err), &err);
	must(snapshot_read(&snapshot, db, &w->stop, &err), &err);
	assert_false(snapshot.exists);
	fingerprint(w, db, hex);
}

/* Whether a driver asks for all at once, nothing shows of it. */
static void what_is_announced_is_answered_as_ever(void **state)
{
	struct world *w = *state;
	struct history history;
	char before[65], ahead[65], after[65];
	struct db *db = open_session(w);
	announced(w, db, &history, ahead);
	assert_false(history.exists);
	own_tables(w, db);
	run(w, db, TABLE);
	fingerprint(w, db, before);
	announced(w, db, &history, ahead);
	assert_true(history.exists);
	assert_string_equal(ahead, before);
	db_close(&db);
	db = open_session(w);
	announced(w, db, &history, ahead);
	assert_true(history.exists);
	assert_string_equal(ahead, before);
	announced(w, db, &history, ahead);
	run(w, db, KEPT);
	fingerprint(w, db, after);
	assert_string_not_equal(after, ahead);
	db_close(&db);
}

/* A migration that was applied, and what it left. */
static void record(struct world *w, struct db *db)
{
	struct history_run run;
	struct err err;
	CLEANUP(buf_free) struct buf catalog = buf_init(64);
	const struct migration migration = {
	    .version = "0001", .name = "made", .label = "0001_made", .up.checksum = "sum"};
	const struct snapshot snapshot = {.exists = true, .format = 1, .engine = "an engine"};
	history_run_init(&run, "run", NULL);
	buf_add_text(&catalog, "{}");
	begin(w, db);
	must(
	    history_applied(db, &run, &migration, NULL, "2026-01-02T03:04:05.678Z", &w->stop, &err),
	    &err);
	must(snapshot_write(&snapshot, &catalog, db, &run, &w->stop, &err), &err);
	commit(w, db);
}

static void what_is_announced_comes_with_its_rows(void **state)
{
	struct world *w = *state;
	struct history history;
	struct snapshot snapshot;
	struct err err;
	char before[65], ahead[65];
	struct db *db = open_session(w);
	own_tables(w, db);
	run(w, db, TABLE);
	record(w, db);
	fingerprint(w, db, before);
	db_close(&db);
	db = open_session(w);
	snapshot_ahead(db);
	must(history_read(&history, db, &w->arena, &w->stop, &err), &err);
	assert_int_equal(history.count, 1);
	assert_string_equal(history.rows[0].version, "0001");
	must(snapshot_read(&snapshot, db, &w->stop, &err), &err);
	assert_true(snapshot.exists);
	assert_string_equal(snapshot.engine, "an engine");
	fingerprint(w, db, ahead);
	assert_string_equal(ahead, before);
	/* Asked once more it is asked anew. */
	run(w, db, KEPT);
	fingerprint(w, db, ahead);
	assert_string_not_equal(ahead, before);
	db_close(&db);
}

/* Asked for in another order, or something else first. */
static void what_was_announced_is_forgotten(void **state)
{
	struct world *w = *state;
	struct history history;
	struct err err;
	char before[65], after[65];
	struct db *db = open_session(w);
	own_tables(w, db);
	fingerprint(w, db, before);
	db_close(&db);
	db = open_session(w);
	snapshot_ahead(db);
	must(history_read(&history, db, &w->arena, &w->stop, &err), &err);
	run(w, db, TABLE);
	fingerprint(w, db, after);
	assert_string_not_equal(after, before);
	db_close(&db);
}

static void a_transaction_sees_what_it_made(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	if ((w->driver->features & DB_TRANSACTIONAL_DDL) == 0)
		skip();
	begin(w, db);
	run(w, db, TABLE);
	struct schema inside = read_schema(w, db);
	assert_non_null(column(&inside, "label"));
	rollback(w, db);
	assert_int_equal(read_schema(w, db).count, 0);
	db_close(&db);
}

static void what_was_read_is_canonical(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	struct schema canonical;
	struct err err;
	run(w, db, TABLE);
	run(w, db, PARENT);
	run(w, db, CHILD);
	struct schema live = read_schema(w, db);
	must(w->driver->canonicalise(db, &live, NULL, &canonical, &w->arena, &w->stop, &err), &err);
	assert_int_equal(differences(w, &live, &canonical), 0);
	db_close(&db);
}

static void stopped_reading_leaves_the_session_usable(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	struct stop over = stop_within(&w->stop, 0);
	struct schema schema = {.count = 7};
	struct err err;
	run(w, db, TABLE);
	assert_false(w->driver->read_schema(db, &schema, &w->arena, &over, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_int_equal(schema.count, 7);
	assert_true(read_schema(w, db).count > 0);
	db_close(&db);
}

int cases_schema(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(kinds_are_well_formed),
	    CASE(tables_are_read),
	    CASE(reading_twice_is_equal),
	    CASE(fingerprint_follows_the_schema),
	    CASE(what_is_announced_is_answered_as_ever),
	    CASE(what_is_announced_comes_with_its_rows),
	    CASE(what_was_announced_is_forgotten),
	    CASE(a_transaction_sees_what_it_made),
	    CASE(what_was_read_is_canonical),
	    CASE(stopped_reading_leaves_the_session_usable),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
