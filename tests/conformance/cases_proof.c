/* The proof: harmful ways to change a database, and their harmless twins. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include <string.h>

enum {
	STEPS = 6
};

/* Rows that an earlier run left. */
static void make_past(struct world *w)
{
	static const enum fixture_id past[] = {KEPT, KEPT_ROWS, OWNER, PIECE, OWNER_ROW, PIECE_ROW};
	struct db *db = open_session(w);
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		run(w, db, past[i]);
	db_close(&db);
}

/* Changes of the schema. */
static bool is_definition(enum fixture_id id)
{
	static const enum fixture_id ids[] = {TABLE, ADD_COLUMN, DROP_SPARE, TRIGGER_1, TRIGGER_2,
	    TRIGGER_OFF, REBUILT, DROP_LABEL, DROP_KEPT, RENAME};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool proves_definitions(const struct world *w)
{
	return (w->driver->features & DB_TRANSACTIONAL_DDL) != 0;
}

/* Where they are part of no transaction they come before it, in the same run. */
static void run_all(
    struct world *w, struct db *db, const enum fixture_id *steps, bool definitions, bool others)
{
	for (; *steps != FIXTURE_IDS; steps++) {
		bool definition = is_definition(*steps) && !proves_definitions(w);
		if (w->fixture->sql[*steps].sql != NULL && (definition ? definitions : others))
			run(w, db, *steps);
	}
}

static void prove(struct world *w, struct db *db, struct db_proof *proof)
{
	struct err err;
	must(w->driver->prove(db, proof, &w->arena, &w->stop, &err), &err);
}

/* In an open transaction, begun anew when the driver asks for it: at most once. */
static struct db_proof judge(struct world *w, struct db *db, const enum fixture_id *steps)
{
	struct db_proof proof;
	run_all(w, db, steps, true, false);
	begin(w, db);
	run_all(w, db, steps, false, true);
	prove(w, db, &proof);
	if (proof.state != DB_PROOF_AGAIN)
		return proof;
	rollback(w, db);
	begin(w, db);
	run_all(w, db, steps, false, true);
	prove(w, db, &proof);
	assert_int_not_equal(proof.state, DB_PROOF_AGAIN);
	return proof;
}

static bool names(const struct db_proof *proof, const char *object)
{
	for (size_t i = 0; i < proof->count; i++)
		if (strcmp(proof->losses[i].object, object) == 0)
			return true;
	return false;
}

/* The world's database, with a past, and a new session. */
static struct db *arrange(struct world *w)
{
	if (w->driver->prove == NULL)
		skip();
	make_past(w);
	return open_session(w);
}

static void expect_loss(struct world *w, const enum fixture_id *steps, const char *object)
{
	struct db *db = arrange(w);
	struct err err;
	struct db_proof proof = judge(w, db, steps);
	assert_int_equal(proof.state, DB_PROOF_LOSES);
	if (!names(&proof, object))
		fail_msg("%s is not among what is lost", object);
	for (size_t i = 0; i < proof.count; i++)
		assert_true(strlen(proof.losses[i].evidence) > 0);
	rollback(w, db);
	must(w->driver->samples(db, &proof, &w->arena, &w->stop, &err), &err);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM kept"), "2");
	assert_string_equal(ask(w, db, "SELECT count(*) FROM piece"), "1");
	/* What was refused leaves no mark: the session goes on. */
	begin(w, db);
	run(w, db, NONE_DELETED);
	prove(w, db, &proof);
	assert_int_equal(proof.state, DB_PROOF_HOLDS);
	commit(w, db);
	db_close(&db);
}

static void expect_none(struct world *w, const enum fixture_id *steps)
{
	struct db *db = arrange(w);
	struct db_proof proof = judge(w, db, steps);
	assert_int_equal(proof.state, DB_PROOF_HOLDS);
	assert_int_equal(proof.count, 0);
	commit(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM kept WHERE label IS NOT NULL"), "2");
	db_close(&db);
}

/* What is lost by a change of the schema. */
static void needs_definitions(const struct world *w)
{
	if (!proves_definitions(w))
		skip();
}

#define STEPS_OF(...) ((const enum fixture_id[STEPS]){__VA_ARGS__, FIXTURE_IDS})

static void dropped_column_with_values_is_lost(void **state)
{
	needs_definitions(*state);
	expect_loss(*state, STEPS_OF(DROP_LABEL), "column kept.label");
}

static void dropped_column_without_values_is_not(void **state)
{
	needs_definitions(*state);
	expect_none(*state, STEPS_OF(DROP_SPARE));
}

static void deleted_row_is_lost(void **state)
{
	expect_loss(*state, STEPS_OF(DELETED), "rows of kept");
}

static void delete_of_nothing_loses_nothing(void **state)
{
	expect_none(*state, STEPS_OF(NONE_DELETED));
}

/* Whether or not foreign keys act in a migration, what was deleted is named. */
static void cascade_is_lost(void **state)
{
	expect_loss(*state, STEPS_OF(CASCADE), "rows of owner");
}

static void trigger_is_seen(void **state)
{
	expect_loss(*state, STEPS_OF(TRIGGER_1, TRIGGER_2, OTHER_OWNER), "rows of kept");
}

static void trigger_that_is_gone_is_harmless(void **state)
{
	expect_none(*state, STEPS_OF(TRIGGER_1, TRIGGER_2, TRIGGER_OFF, OTHER_OWNER));
}

static void faithful_rebuild_loses_nothing(void **state)
{
	needs_definitions(*state);
	expect_none(*state, STEPS_OF(DROP_SPARE, REBUILT, COPY, DROP_KEPT, RENAME));
}

static void rebuild_with_a_row_less_loses_it(void **state)
{
	needs_definitions(*state);
	expect_loss(*state, STEPS_OF(REBUILT, COPY_SOME, DROP_KEPT, RENAME), "rows of kept");
}

static void dropped_table_is_lost(void **state)
{
	needs_definitions(*state);
	expect_loss(*state, STEPS_OF(DROP_KEPT), "table kept");
}

static void backfill_of_a_new_column_loses_nothing(void **state)
{
	expect_none(*state, STEPS_OF(ADD_COLUMN, BACKFILL));
}

static void overwritten_values_are_lost(void **state)
{
	expect_loss(*state, STEPS_OF(OVERWRITE), "rows of kept");
}

static void run_text(struct world *w, struct db *db, const char *text)
{
	struct sql_statement *statement = arena_alloc(&w->arena, sizeof(*statement));
	struct err err;
	*statement = (struct sql_statement){
	    .text = text, .len = strlen(text), .dialect = w->driver->dialect};
	must(w->driver->exec(db, statement, &w->stop, &err), &err);
}

/* In the same session: what is committed is the past of what comes next, unless it was new. */
static void what_the_run_made_is_free(void **state)
{
	struct world *w = *state;
	struct db *db = arrange(w);
	struct db_proof proof = judge(w, db, STEPS_OF(TABLE, ROW));
	assert_int_equal(proof.state, DB_PROOF_HOLDS);
	commit(w, db);
	proof = judge(w, db, STEPS_OF(REBUILT, COPY));
	assert_int_equal(proof.state, DB_PROOF_HOLDS);
	commit(w, db);
	begin(w, db);
	run_text(w, db, proves_definitions(w) ? "DROP TABLE thing" : "DELETE FROM thing");
	prove(w, db, &proof);
	assert_int_equal(proof.state, DB_PROOF_HOLDS);
	commit(w, db);
	db_close(&db);
}

int cases_proof(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(dropped_column_with_values_is_lost),
	    CASE(dropped_column_without_values_is_not),
	    CASE(deleted_row_is_lost),
	    CASE(delete_of_nothing_loses_nothing),
	    CASE(cascade_is_lost),
	    CASE(trigger_is_seen),
	    CASE(trigger_that_is_gone_is_harmless),
	    CASE(faithful_rebuild_loses_nothing),
	    CASE(rebuild_with_a_row_less_loses_it),
	    CASE(dropped_table_is_lost),
	    CASE(backfill_of_a_new_column_loses_nothing),
	    CASE(overwritten_values_are_lost),
	    CASE(what_the_run_made_is_free),
	};
	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
