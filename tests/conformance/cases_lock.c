/* One holder at a time, whatever happens to it. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RUNNERS = 20,
	TURNS = 25
};

static enum db_lock_state try(struct world *w, struct db *db, struct db_holder *holder)
{
	enum db_lock_state lock;
	struct err err;
	must(w->driver->lock_try(db, &lock, holder, &w->stop, &err), &err);
	return lock;
}

static void take(struct world *w, struct db *db)
{
	struct db_holder holder;
	assert_int_equal(try(w, db, &holder), DB_LOCK_TAKEN);
}

/* A server may notice a moment later that its client is gone. */
static void take_soon(struct world *w, struct db *db)
{
	int64_t deadline = stop_now() + AT_ONCE_MS;
	struct db_holder holder;
	struct err err;
	while (try(w, db, &holder) != DB_LOCK_TAKEN) {
		assert_true(stop_now() < deadline);
		must(stop_sleep(&w->stop, 20, &err), &err);
	}
}

static void second_session_is_told_who(void **state)
{
	struct world *w = *state;
	struct db_holder holder = {0};
	struct err err;
	struct db *db = open_session(w), *other = open_session(w);
	take(w, db);
	take(w, db); /* again, by who has it */
	must(w->driver->lock_check(db, &w->stop, &err), &err);
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	if (holder.who[0] != '\0')
		assert_non_null(strstr(holder.who, arena_printf(&w->arena, "%d", (int)getpid())));
	w->driver->lock_note(db, "0003_half_way");
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	if (holder.progress[0] != '\0')
		assert_string_equal(holder.progress, "0003_half_way");
	assert_false(w->driver->lock_check(other, &w->stop, &err));
	assert_int_equal(err.kind, ERR_LOCK);
	must(w->driver->unlock(db, &w->stop, &err), &err);
	assert_false(w->driver->lock_check(db, &w->stop, &err));
	take(w, other);
	must(w->driver->lock_check(other, &w->stop, &err), &err);
	db_close(&other);
	db_close(&db);
}

static void unlock_without_lock_is_harmless(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w), *other = open_session(w);
	take(w, db);
	w->driver->lock_note(other, "not mine");
	must(w->driver->unlock(other, &w->stop, &err), &err);
	must(w->driver->lock_check(db, &w->stop, &err), &err);
	must(w->driver->unlock(db, &w->stop, &err), &err);
	must(w->driver->unlock(db, &w->stop, &err), &err);
	db_close(&other);
	db_close(&db);
}

static void close_unlocks(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w), *other = open_session(w);
	take(w, db);
	db_close(&db);
	take_soon(w, other);
	db_close(&other);
}

static void lock_outlives_transactions_and_reset(void **state)
{
	struct world *w = *state;
	struct db_holder holder;
	struct err err;
	struct db *db = open_session(w), *other = open_session(w);
	take(w, db);
	begin(w, db);
	run(w, db, TABLE);
	commit(w, db);
	if (w->fixture->sql[SETTING].sql != NULL)
		run(w, db, SETTING);
	must(w->driver->reset(db, NULL, &w->stop, &err), &err);
	must(w->driver->lock_check(db, &w->stop, &err), &err);
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	begin(w, db);
	run(w, db, ROW);
	rollback(w, db);
	must(w->driver->lock_check(db, &w->stop, &err), &err);
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	db_close(&other);
	db_close(&db);
}

static void lock_makes_a_file_only_when_allowed(void **state)
{
	struct world *w = *state;
	struct db_probe probe;
	struct err err;
	struct db *db;
	if (!w->fixture->file)
		skip();
	for (int create = 0; create < 2; create++) {
		w->options.create = create == 1;
		must(w->driver->open(&db, &w->url, &w->options, &w->stop, &err), &err);
		take(w, db);
		must(w->driver->probe(db, &probe, &w->stop, &err), &err);
		assert_int_equal(probe.exists, create == 1);
		must(w->driver->unlock(db, &w->stop, &err), &err);
		assert_int_equal(access(w->url.path, F_OK) == 0, create == 1);
		db_close(&db);
	}
}

/* In a child: wait for the lock, and show that nobody else has it while we do. */
static void take_turns(struct world *w, const char *counter, const char *inside)
{
	enum db_lock_state lock = DB_LOCK_BUSY;
	struct db_holder holder;
	struct err err;
	struct db *db;
	char number[16] = "";
	while (!w->driver->open(&db, &w->url, &w->options, &w->stop, &err))
		child_must(err.retry == ERR_RETRY && stop_sleep(&w->stop, 20, &err), "open", &err);
	for (int turn = 0; turn < TURNS; turn++) {
		do
			child_must(w->driver->lock_try(db, &lock, &holder, &w->stop, &err) &&
				       (lock == DB_LOCK_TAKEN || stop_sleep(&w->stop, 1, &err)),
			    "lock_try", &err);
		while (lock != DB_LOCK_TAKEN);
		int mark = open(inside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		child_must(mark >= 0, "alone", NULL);
		int file = open(counter, O_RDWR | O_CLOEXEC);
		child_must(
		    file >= 0 && pread(file, number, sizeof(number) - 1, 0) >= 0, "counter", NULL);
		w->driver->lock_note(db, number);
		int len = snprintf(number, sizeof(number), "%ld", strtol(number, NULL, 10) + 1);
		child_must(pwrite(file, number, (size_t)len, 0) == len, "counted", NULL);
		child_must(w->driver->lock_check(db, &w->stop, &err), "lock_check", &err);
		close(file);
		close(mark);
		unlink(inside);
		child_must(w->driver->unlock(db, &w->stop, &err), "unlock", &err);
	}
	db_close(&db);
	_exit(0);
}

static void never_two_at_once(void **state)
{
	struct world *w = *state;
	const char *counter = arena_printf(&w->arena, "%s/counter", w->folder);
	const char *inside = arena_printf(&w->arena, "%s/inside", w->folder);
	char number[16] = "";
	pid_t children[RUNNERS];
	int file = open(counter, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	for (int i = 0; i < RUNNERS; i++) {
		children[i] = fork();
		assert_int_not_equal(children[i], -1);
		if (children[i] == 0)
			take_turns(w, counter, inside);
	}
	for (int i = 0; i < RUNNERS; i++)
		reap(children[i], &w->stop); /* how long they take is no promise */
	assert_true(pread(file, number, sizeof(number) - 1, 0) > 0);
	close(file);
	assert_int_equal(strtol(number, NULL, 10), RUNNERS * TURNS);
}

/* In a child: take the lock, begin to write, and wait to be killed. */
static void hold_for_ever(struct world *w, int ready)
{
	struct sql_statement row = statement(w, ROW);
	enum db_lock_state lock;
	struct db_holder holder;
	struct err err;
	struct db *db;
	child_must(w->driver->open(&db, &w->url, &w->options, &w->stop, &err) &&
		       w->driver->lock_try(db, &lock, &holder, &w->stop, &err) &&
		       lock == DB_LOCK_TAKEN && w->driver->begin(db, &w->stop, &err) &&
		       w->driver->exec(db, &row, &w->stop, &err),
	    "hold", &err);
	child_must(write(ready, "r", 1) == 1, "ready", NULL);
	for (;;)
		pause();
}

static void killed_holder_lets_go(void **state)
{
	struct world *w = *state;
	struct db_holder holder;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	db_close(&db);
	pid_t child = fork_ready(w, hold_for_ever);
	db = open_session(w);
	assert_int_equal(try(w, db, &holder), DB_LOCK_BUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	take_soon(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	begin(w, db);
	run(w, db, ROW);
	commit(w, db);
	db_close(&db);
}

int cases_lock(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(second_session_is_told_who),
	    CASE(unlock_without_lock_is_harmless),
	    CASE(close_unlocks),
	    CASE(lock_outlives_transactions_and_reset),
	    CASE(lock_makes_a_file_only_when_allowed),
	    CASE(never_two_at_once),
	    CASE(killed_holder_lets_go),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
