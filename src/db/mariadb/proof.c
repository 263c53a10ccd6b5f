/* The proof's way beside a migration's transaction. */
#include "db/mariadb/proof.h"
#include "base/text.h"
#include "db/mariadb/cascade.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SAMPLES = 3,
	SQL_MOST = 1 << 20
};

/* Everything but `detailed`, which is for the transaction behind this one. */
static void forget_transaction(struct my_proof *proof)
{
	arena_free(&proof->transaction);
	proof->records = NULL;
	proof->count = proof->capacity = 0;
	proof->counted = proof->overwrites = false;
}

static void forget_samples(struct my_proof *proof)
{
	arena_free(&proof->refused);
	proof->samples = NULL;
	proof->sample_count = proof->sample_capacity = 0;
}

void my_proof_new(struct my_db *s)
{
	s->proof = calloc(1, sizeof(*s->proof));
	if (s->proof == NULL)
		err_die("out of memory");
}

void my_proof_close(struct my_db *s)
{
	if (s->proof == NULL)
		return;
	forget_transaction(s->proof);
	forget_samples(s->proof);
	arena_free(&s->proof->run);
	arena_free(&s->proof->told);
	free(s->proof);
	s->proof = NULL;
}

/* --- Counting --- */

static bool count(struct my_db *s, struct my_counts *ret, struct err *err)
{
	static const char sql[] = "SHOW SESSION STATUS WHERE Variable_name IN"
				  " ('Handler_delete', 'Handler_update', 'Handler_write')";
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	static const char *const names[] = {"Handler_delete", "Handler_update", "Handler_write"};
	int64_t numbers[3] = {0};
	if (!my_query(&s->base, sql, NULL, 0, &arena, &rows, &s->stop, err))
		return err_context(err, "counting the rows that are changed");
	if (rows.count != 3 || rows.columns != 2)
		return err_set(
		    err, ERR_UNEXPECTED, "the server does not say how many rows were changed");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			if (text_is_nocase(rows.cells[2 * k], names[i]))
				numbers[i] = strtoll(rows.cells[2 * k + 1], NULL, 10);
	*ret = (struct my_counts){numbers[0], numbers[1], numbers[2]};
	return true;
}

static struct my_counts between(const struct my_counts *before, const struct my_counts *after)
{
	return (struct my_counts){.deleted = after->deleted - before->deleted,
	    .updated = after->updated - before->updated,
	    .written = after->written - before->written};
}

void my_proof_begun(struct my_db *s)
{
	forget_transaction(s->proof);
}

bool my_proof_before(struct my_db *s, struct err *err)
{
	struct my_proof *proof = s->proof;
	if (!s->in_transaction || proof->counted)
		return true;
	if (!count(s, &proof->begun, err))
		return false;
	proof->last = proof->begun;
	return proof->counted = true;
}

/* --- Outside a transaction --- */

static void note_overwrite(struct my_db *s, const struct sql_statement *statement, int64_t affected)
{
	struct my_proof *proof = s->proof;
	struct my_change change;
	arena_free(&proof->told);
	proof->overwrote = (struct db_overwrite){.rows = 0};
	if (strncasecmp(statement->text, "UPDATE", strlen("UPDATE")) != 0)
		return;
	my_change_of(&change, statement, &proof->told);
	if (change.form != MY_UPDATE || !change.where || affected <= 0)
		return;
	for (size_t i = 0; i < change.count; i++) {
		const struct my_changed *table = &change.tables[i];
		if (my_made_has(s, table->schema, table->name, NULL))
			continue;
		proof->overwrote = (struct db_overwrite){
		    .table = my_title(s, table->schema, table->name, &proof->told),
		    .rows = affected,
		    .statement = statement};
		return;
	}
}

bool my_overwrote(struct db *db, struct db_overwrite *overwrite)
{
	const struct my_db *s = (struct my_db *)db;
	if (s->proof->overwrote.rows == 0)
		return false;
	*overwrite = s->proof->overwrote;
	return true;
}

/* "Rows matched: 3  Changed: 1  Warnings: 0", in the language of the server's messages. */
int64_t my_proof_matched(const struct my_db *s)
{
	const char *info = s->conn == NULL ? NULL : ma.info(s->conn);
	const char *at = info == NULL ? NULL : strpbrk(info, "0123456789");
	return at == NULL ? -1 : strtoll(at, NULL, 10);
}

bool my_proof_after(struct my_db *s, const struct sql_statement *statement,
    const struct my_request *request, int64_t matched, struct err *err)
{
	struct my_proof *proof = s->proof;
	struct my_record record = {.statement = statement,
	    .affected = request->affected,
	    .matched = matched,
	    .counted = proof->detailed};
	if (!s->in_transaction) {
		note_overwrite(s, statement, request->affected);
		my_made_after(s, statement, request->warnings);
		return true;
	}
	if (proof->detailed) {
		const struct my_counts before = proof->last;
		if (!count(s, &proof->last, err))
			return false;
		record.own = between(&before, &proof->last);
	}
	proof->records = arena_grow(
	    &proof->transaction, proof->records, proof->count, &proof->capacity, sizeof(record));
	proof->records[proof->count++] = record;
	return true;
}

/* --- The ends of a transaction --- */

void my_proof_committed(struct my_db *s)
{
	/* What the run made may be all that is left of what it changed. */
	if (s->proof->overwrites)
		my_made_forget(s);
	s->proof->detailed = s->proof->spoiled = false;
	forget_transaction(s->proof);
	forget_samples(s->proof);
}

/* Variables and temporary tables outlive it: they must not meet the second try. */
void my_proof_rolled_back(struct my_db *s)
{
	s->proof->spoiled = s->proof->spoiled || s->strayed;
	forget_transaction(s->proof);
}

bool my_prove(struct db *db, struct db_proof *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct my_proof *proof = s->proof;
	struct db_proof found = {.state = DB_PROOF_HOLDS};
	struct my_counts now;
	bool again = false;
	forget_samples(proof);
	if (!proof->counted) {
		*ret = found; /* there was no statement */
		return true;
	}
	if (!my_enter(s, stop, err) || !count(s, &now, err))
		return false;
	now = between(&proof->begun, &now);
	if (now.deleted + now.updated > 0 && !my_proof_judge(s, &found, &now, &again, arena, err))
		return false;
	if (again)
		found = (struct db_proof){.state = DB_PROOF_AGAIN};
	else if (found.count > 0)
		found.state = DB_PROOF_LOSES;
	proof->detailed = again;
	proof->overwrites = found.count > 0 || found.overwrite_count > 0;
	*ret = found;
	return true;
}

/* --- After a refusal --- */

/* The first column of the primary key; NULL: there is none. */
static bool find_key(struct my_db *s, const struct my_sample *sample, struct arena *arena,
    const char **key, struct err *err)
{
	static const char sql[] =
	    "SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE CONSTRAINT_NAME ="
	    " 'PRIMARY' AND TABLE_SCHEMA = ? AND TABLE_NAME = ? AND ORDINAL_POSITION = 1";
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = sample->schema}, {.type = DB_TEXT, .text = sample->table}};
	struct db_rows rows;
	if (!my_query(&s->base, sql, values, 2, arena, &rows, &s->stop, err))
		return false;
	*key = rows.count == 0 ? NULL : rows.cells[0];
	return true;
}

static bool add_keys(struct my_db *s, const struct my_sample *sample, struct db_loss *loss,
    struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	const char *key, *keys = NULL;
	struct db_rows rows;
	if (!find_key(s, sample, arena, &key, err))
		return false;
	if (key == NULL)
		return true;
	buf_add_text(&sql, "SELECT k FROM (SELECT ");
	my_name(key, &sql);
	buf_printf(&sql, " AS k FROM %s\n) AS x ORDER BY k LIMIT %d", sample->from, SAMPLES);
	if (sql.overflow || !my_ask(s, sql.data, arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		keys = i == 0 ? rows.cells[0] : arena_printf(arena, "%s, %s", keys, rows.cells[i]);
	if (keys != NULL)
		loss->evidence =
		    arena_printf(arena, "%s, such as %s %s", loss->evidence, key, keys);
	return true;
}

bool my_samples(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool ok = my_enter(s, stop, err);
	for (size_t i = 0; ok && i < s->proof->sample_count; i++)
		for (size_t j = 0; ok && j < proof->count; j++)
			if (text_is(proof->losses[j].object, s->proof->samples[i].object))
				ok = add_keys(
				    s, &s->proof->samples[i], &proof->losses[j], arena, err);
	forget_samples(s->proof);
	return ok;
}
