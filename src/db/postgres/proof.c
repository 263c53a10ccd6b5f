/* The proof's way beside a migration's transaction. */
#include "db/postgres/proof.h"
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/proof_judge.h"
#include "gen/sql.h"
#include "sql/risk.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void forget_transaction(struct pg_proof *proof)
{
	arena_free(&proof->transaction);
	pg_proof_set_clear(&proof->made);
	pg_proof_set_clear(&proof->taken);
	pg_proof_set_clear(&proof->born);
	pg_proof_set_clear(&proof->spent);
	pg_proof_set_clear(&proof->touched);
	proof->looked = false;
	proof->moved = NULL;
	proof->counters = NULL;
	proof->declared = "0";
	proof->updates = NULL;
	proof->update_count = proof->update_capacity = 0;
	proof->ran = proof->role = false;
}

/* Counters of earlier transactions go on: what they stand at when this one begins. */
void pg_proof_count_before(struct pg_db *s, struct buf *sql)
{
	static const char *const counts[] = {"inserted", "updated", "deleted"};
	struct pg_proof *proof = s->proof;
	/* With a lease they are those of whoever had the server's session before us. */
	if (proof->uncounted || s->lease.ms > 0) {
		buf_add_text(sql, ", ARRAY(SELECT u.n FROM pg_catalog.pg_class AS c, LATERAL"
				  " (VALUES (1, c.oid::bigint)");
		for (size_t i = 0; i < 3; i++)
			buf_printf(sql, ", (%zu, pg_catalog.pg_stat_get_xact_tuples_%s(c.oid))",
			    i + 2, counts[i]);
		buf_add_text(sql, ") AS u (i, n) WHERE c.relkind IN ('r', 'm') AND");
		for (size_t i = 0; i < 3; i++)
			buf_printf(sql, "%s pg_catalog.pg_stat_get_xact_tuples_%s(c.oid)",
			    i == 0 ? "" : " +", counts[i]);
		buf_add_text(sql, " > 0 ORDER BY c.oid, u.i)");
	} else if (proof->counted.count > 0) {
		buf_add_text(sql, ", pg_catalog.concat('{', (SELECT pg_catalog.string_agg("
				  "pg_catalog.concat_ws(',', o");
		for (size_t i = 0; i < 3; i++)
			buf_printf(sql, ", pg_catalog.pg_stat_get_xact_tuples_%s(o)", counts[i]);
		buf_add_text(sql, "), ',') FROM pg_catalog.unnest('");
		for (size_t i = 0; i < proof->counted.count; i++)
			buf_printf(sql, "%s%" PRIu64, i == 0 ? "{" : ",", proof->counted.items[i]);
		buf_add_text(sql, "}'::pg_catalog.oid[]) AS o))");
	} else
		buf_add_text(sql, ", NULL");
	buf_add_text(sql, ", " PROOF_MICROSECONDS("pg_catalog.statement_timestamp()"));
	pg_proof_set_clear(&proof->counted);
	proof->uncounted = true;
}

void pg_proof_begun(struct pg_db *s, const struct db_rows *rows)
{
	if (rows->count != 1 || rows->columns < 3)
		return;
	if (rows->cells[1] != NULL)
		s->proof->counters = arena_strdup(&s->proof->transaction, rows->cells[1]);
	s->proof->declared = arena_strdup(&s->proof->transaction, rows->cells[2]);
}

void pg_proof_begin(struct pg_db *s, struct buf *sql)
{
	forget_transaction(s->proof);
	buf_add_text(sql, "DECLARE db_entry_before NO SCROLL CURSOR FOR ");
	buf_add_text(sql, sql_postgres_proof_before);
	buf_add_text(sql, "; ");
}

bool pg_proof_give_up(struct pg_db *s, const struct err *err)
{
	struct pg_proof *proof = s->proof;
	if (!proof->detailed || proof->reason != NULL || err->kind != ERR_DATABASE ||
	    err->retry != ERR_FATAL)
		return false;
	pg_proof_compare_nothing(proof, err->message);
	proof->uncounted = true;
	return true;
}

bool pg_proof_before(struct pg_db *s, const struct sql_statement *statement, struct err *err)
{
	s->proof->ran = true;
	if (!s->in_transaction) {
		s->proof->uncounted = true;
		s->proof->started = false;
		/* Nobody sees what it copies to where. */
		if (s->proof->past && pg_proof_may_copy(statement))
			pg_proof_set_clear(&s->proof->free);
		return true;
	}
	if (pg_proof_says(statement, "session_replication_role"))
		s->proof->role = true;
	return !pg_proof_refuses(statement, err);
}

void pg_proof_after(struct pg_db *s, const struct sql_statement *statement, const char *tag)
{
	struct pg_proof *proof = s->proof;
	struct proof_update update = {.statement = statement};
	if (!s->in_transaction || !text_starts(tag, "UPDATE "))
		return;
	update.rows = strtoll(tag + strlen("UPDATE "), NULL, 10);
	if (update.rows == 0 ||
	    !sql_is_update_where(db_postgres.dialect, statement->text, statement->len) ||
	    !pg_proof_update_of(&update, statement, &proof->transaction))
		return;
	proof->updates = arena_grow(&proof->transaction, proof->updates, proof->update_count,
	    &proof->update_capacity, sizeof(update));
	proof->updates[proof->update_count++] = update;
}

static void forget_targets(struct pg_proof *proof)
{
	arena_free(&proof->again);
	proof->targets = NULL;
	proof->target_count = 0;
	proof->reason = NULL;
	proof->detailed = false;
}

static void change(
    struct proof_set *set, const struct proof_set *less, const struct proof_set *more)
{
	for (size_t i = 0; i < more->count; i++)
		pg_proof_set_add(set, more->items[i]);
	for (size_t i = 0; i < less->count; i++)
		pg_proof_set_remove(set, less->items[i]);
}

void pg_proof_committed(struct pg_db *s)
{
	struct pg_proof *proof = s->proof;
	change(&proof->free, &proof->taken, &proof->made);
	change(&proof->own, &proof->spent, &proof->born);
	pg_proof_sequences_committed(s);
	forget_targets(proof);
	forget_transaction(proof);
}

/*
 * What a rollback leaves behind must not meet the second try. `targets` stay: for that, or for
 * samples.
 */
void pg_proof_rolled_back(struct pg_db *s)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct err ignored; /* it is made good as far as it can be */
	if (s->proof->ran) {
		/* A pooler believes in what it prepared. */
		if (s->lease.ms == 0)
			buf_add_text(&sql, "DEALLOCATE ALL");
		pg_proof_put_back(s, &sql);
		if (sql.len > 0)
			pg_script(s, sql.data, &ignored);
	}
	forget_transaction(s->proof);
}

void pg_proof_new(struct pg_db *s)
{
	s->proof = calloc(1, sizeof(*s->proof));
	if (s->proof == NULL)
		err_die("out of memory");
	s->proof->uncounted = true;
}

void pg_proof_close(struct pg_db *s)
{
	struct pg_proof *proof = s->proof;
	if (proof == NULL)
		return;
	forget_transaction(proof);
	forget_targets(proof);
	pg_proof_set_clear(&proof->free);
	pg_proof_set_clear(&proof->own);
	pg_proof_set_clear(&proof->full);
	pg_proof_set_clear(&proof->counted);
	arena_free(&proof->run);
	free(proof);
	s->proof = NULL;
}

/* --- After a refusal --- */

static const char *key_of(const struct db_rows *rows, const struct proof_target *target)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strtoul(rows->cells[i * 2], NULL, 10) == target->oid)
			return rows->cells[i * 2 + 1];
	return target->columns.count > 0 ? target->columns.items[0].name : NULL;
}

/* The rows, or a column that was changed in some. */
static bool is_of(const char *object, const char *name, bool rows)
{
	size_t len = strlen(name);
	if (rows)
		return text_starts(object, "rows of ") &&
		       text_is(object + strlen("rows of "), name);
	object += strlen("column ");
	return strncmp(object, name, len) == 0 && object[len] == '.';
}

static struct db_loss *loss_of(
    struct pg_db *s, struct db_proof *proof, const struct proof_target *target, struct arena *arena)
{
	struct proof_finding finding = {.s = s, .arena = arena};
	const char *name = pg_proof_title(&finding, target->schema, target->name);
	bool rows = target->lost_kept > 0;
	for (size_t i = 0; i < proof->count; i++) {
		struct db_loss *loss = &proof->losses[i];
		if ((rows || (text_starts(loss->object, "column ") &&
				 text_starts(loss->evidence, "changes "))) &&
		    is_of(loss->object, name, rows))
			return loss;
	}
	return NULL;
}

static bool read_keys(struct pg_db *s, struct db_rows *rows, struct arena *arena, struct err *err)
{
	static const char sql[] =
	    "SELECT i.indrelid, a.attname FROM pg_catalog.pg_index AS i JOIN"
	    " pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
	    " WHERE i.indisprimary AND i.indrelid = ANY ($1::pg_catalog.oid[])";
	CLEANUP(buf_free) struct buf oids = buf_init(PROOF_SQL_MOST);
	const char *values[1];
	for (size_t i = 0; i < s->proof->target_count; i++)
		buf_printf(&oids, "%s%" PRIu32, i == 0 ? "{" : ",", s->proof->targets[i].oid);
	buf_add_text(&oids, "}");
	values[0] = oids.data;
	return pg_ask(s, sql, values, 1, arena, rows, err);
}

bool pg_samples(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct db_rows rows = {0};
	bool ok = pg_enter(s, stop, err) &&
		  (s->proof->target_count == 0 || read_keys(s, &rows, arena, err));
	for (size_t i = 0; ok && i < s->proof->target_count; i++) {
		const struct proof_target *target = &s->proof->targets[i];
		struct db_loss *loss = loss_of(s, proof, target, arena);
		const char *key = key_of(&rows, target), *keys = NULL;
		if (loss == NULL || key == NULL || target->samples == NULL)
			continue;
		ok = pg_proof_sample(s, target, key, arena, &keys, err);
		if (ok && keys != NULL)
			loss->evidence =
			    arena_printf(arena, "%s, such as %s %s", loss->evidence, key, keys);
	}
	forget_targets(s->proof);
	return ok;
}
