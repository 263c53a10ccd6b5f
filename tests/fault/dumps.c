/*
 * While a dump is made every call that changes a file goes wrong in its turn. Whatever it is: what
 * looks like a dump is a whole one, the catalogue and the older dumps are there, the database is
 * untouched, and the next dump is made.
 */
#include "fault/dumps.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "dump/dump.h"
#include "fault/files.h"
#include "fault/project.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FILE_MOST = 16 << 20,
	OPERATIONS_LEAST = 12, /* fewer would mean that they are not seen */
#ifdef __SANITIZE_ADDRESS__
	EVERY = 7 /* as in main.c */
#else
	EVERY = 1
#endif
};

struct place {
	struct world world;
	struct arena arena;
	const char *dumps;
	const char *compress;
	/* As it was before: an expired dump, and a good one. */
	struct buf database;
	char **names;
	struct buf *files;
	size_t count;
};

static const char *in(struct place *p, const char *name)
{
	return arena_printf(&p->arena, "%s/%s", p->dumps, name);
}

static void read_file(const char *path, struct buf *out)
{
	struct err err;
	*out = buf_init(FILE_MOST);
	assert_true(fs_read(path, out, ERR_DUMP, &err));
}

static void write_file(const char *path, const struct buf *bytes)
{
	struct err err;
	assert_true(sink_put(path, bytes->len == 0 ? "" : bytes->data, bytes->len, 0600, &err));
}

static void list(struct place *p, char ***names, size_t *count)
{
	struct err err;
	assert_true(fs_list(p->dumps, &p->arena, names, count, &err));
}

/* In a child: `db-entry dump`. */
static int dump(struct place *p, enum files_fault fault, int at)
{
	pid_t child = world_fork();
	if (child != 0)
		return world_reap(child);
	char program[] = "db-entry", command[] = "dump", level[] = "--log-level=error";
	char *url = arena_printf(&p->arena, "--database-url=sqlite:%s", p->world.database);
	char *folder = arena_printf(&p->arena, "--dump-dir=%s", p->dumps);
	char *compress = arena_printf(&p->arena, "--dump-compress=%s", p->compress);
	char *argv[] = {program, command, url, folder, compress, level, NULL};
	struct err err = {0};
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(99);
	if (at > 0)
		files_arm(p->dumps, fault, at, p->world.report);
	int status;
	bool ok = cmd_main(6, argv, &status, &err);
	p->world.report->err = err;
	_exit(ok ? 0 : err_exit_code(&err));
}

static void clear(struct place *p)
{
	char **names;
	size_t count;
	list(p, &names, &count);
	for (size_t i = 0; i < count; i++)
		unlink(in(p, names[i]));
}

static void renew(struct place *p)
{
	clear(p);
	for (size_t i = 0; i < p->count; i++)
		write_file(in(p, p->names[i]), &p->files[i]);
	memset(p->world.report, 0, sizeof(*p->world.report));
}

/* By hand: a thousand years. */
static void age_first(struct place *p)
{
	static const char key[] = "\"expires_at\": \"";
	CLEANUP(buf_free) struct buf text;
	const char *path = in(p, "backups.json");
	read_file(path, &text);
	char *at = strstr(text.data, key);
	assert_non_null(at);
	at[strlen(key)] = '1';
	write_file(path, &text);
}

static int set_up(void **state, const char *compress)
{
	struct place *p = calloc(1, sizeof(*p));
	struct err err;
	char message[512];
	assert_non_null(p);
	struct world *w = &p->world;
	w->report = mmap(
	    NULL, sizeof(*w->report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(w->report != MAP_FAILED);
	snprintf(w->folder, sizeof(w->folder), "/dev/shm/db-entry-dumps-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->database, sizeof(w->database), "%s/shop.db", w->folder);
	p->dumps = arena_printf(&p->arena, "%s/dumps", w->folder);
	p->compress = compress;
	assert_true(project_sql(w->database,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE INDEX i ON t (v);"
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
	    " INSERT INTO t SELECT i, hex(randomblob(100)) FROM n",
	    message, sizeof(message)));
	assert_true(fs_make_folders(p->dumps, 0700, &err));
	assert_int_equal(dump(p, 0, 0), 0);
	assert_int_equal(dump(p, 0, 0), 0);
	age_first(p);
	list(p, &p->names, &p->count);
	p->files = arena_array(&p->arena, p->count, sizeof(*p->files));
	for (size_t i = 0; i < p->count; i++)
		read_file(in(p, p->names[i]), &p->files[i]);
	read_file(w->database, &p->database);
	*state = p;
	return 0;
}

static int set_up_zstd(void **state)
{
	return set_up(state, "zstd");
}

static int set_up_none(void **state)
{
	return set_up(state, "none");
}

static int tear_down(void **state)
{
	struct place *p = *state;
	clear(p);
	rmdir(p->dumps);
	unlink(p->world.database);
	unlink(arena_printf(&p->arena, "%s.db-entry.lock", p->world.database));
	unlink(arena_printf(&p->arena, "%s/.db-entry.lock", p->world.folder)); /* of unpacking */
	rmdir(p->world.folder);
	for (size_t i = 0; i < p->count; i++)
		buf_free(&p->files[i]);
	buf_free(&p->database);
	munmap(p->world.report, sizeof(*p->world.report));
	arena_free(&p->arena);
	free(p);
	return 0;
}

/* --- Judging --- */

static bool is_whole(struct place *p, const char *name, const char *sha256)
{
	CLEANUP(dump_close) struct dump_file file = {.folder = -1};
	struct stop stop = stop_never();
	struct err err;
	return dump_open(&file, in(p, name), sha256, p->world.folder, db_drivers[0], &stop, &err);
}

static const struct dump_entry *entry_of(const struct dump_catalogue *catalogue, const char *file)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (text_is(catalogue->items[i].file, file))
			return &catalogue->items[i];
	return NULL;
}

/* Each file that looks like a dump is one, and has its row unless the process was cut off. */
static size_t judge_files(struct place *p, const struct dump_catalogue *catalogue, bool cut)
{
	char **names;
	size_t count, whole = 0;
	list(p, &names, &count);
	for (size_t i = 0; i < count; i++) {
		if (!text_starts(names[i], "backup-"))
			continue;
		const struct dump_entry *entry = entry_of(catalogue, names[i]);
		if (entry == NULL && !cut)
			world_fail(&p->world, "%s has no row", names[i]);
		if (!is_whole(p, names[i], entry == NULL ? NULL : entry->sha256))
			world_fail(&p->world, "%s is no whole dump", names[i]);
		whole++;
	}
	return whole;
}

static size_t count_present(const struct dump_catalogue *catalogue)
{
	size_t present = 0;
	for (size_t i = 0; i < catalogue->count; i++)
		present += catalogue->items[i].present;
	return present;
}

static void expect_no_left_overs(struct place *p)
{
	char **names;
	size_t count;
	list(p, &names, &count);
	for (size_t i = 0; i < count; i++)
		if (text_ends(names[i], ".tmp"))
			world_fail(&p->world, "%s stays", names[i]);
}

static void judge(struct place *p, int status, enum files_fault fault)
{
	bool cut = fault >= FILES_KILL;
	CLEANUP(buf_free) struct buf now;
	struct dump_catalogue catalogue;
	struct err err;
	read_file(p->world.database, &now);
	if (now.len != p->database.len || memcmp(now.data, p->database.data, now.len) != 0)
		world_fail(&p->world, "the database was changed");
	if (!dump_list(&catalogue, p->dumps, &p->arena, &err))
		world_fail(&p->world, "the catalogue: %s", err.message);
	judge_files(p, &catalogue, cut);
	size_t present = count_present(&catalogue);
	if (present == 0)
		world_fail(&p->world, "no dump is left");
	/* On a full disk a row can't be taken back; it is shown as missing. */
	if (fault == FILES_ERROR && status == 25 && present != catalogue.count)
		world_fail(&p->world, "a row has no file");
	if (!cut && status != 25 && status != 0)
		world_fail(&p->world, "it ended with %d", status);
	dump_catalogue_close(&catalogue);
	if (!cut && strcmp(p->world.report->where, "unlink") != 0)
		expect_no_left_overs(p);
}

static void judge_next(struct place *p)
{
	struct dump_catalogue catalogue;
	struct err err;
	int status = dump(p, 0, 0);
	if (status != 0)
		world_fail(&p->world, "the next one ended with %d", status);
	assert_true(dump_list(&catalogue, p->dumps, &p->arena, &err));
	if (!catalogue.items[catalogue.count - 1].present)
		world_fail(&p->world, "the next one made none");
	judge_files(p, &catalogue, true);
	dump_catalogue_close(&catalogue);
	expect_no_left_overs(p);
}

static void each_call(struct place *p, enum files_fault fault)
{
	struct world *w = &p->world;
	bool cut = fault >= FILES_KILL;
	snprintf(w->fault, sizeof(w->fault), "%s", files_fault_names[fault]);
	for (w->at = fault == FILES_SHORT ? 2 : 1;; w->at += EVERY) {
		renew(p);
		int status = dump(p, fault, w->at);
		if (!w->report->hit) {
			assert_int_equal(status, 0);
			assert_true(w->at > OPERATIONS_LEAST);
			return;
		}
		if (cut && status != 128 + SIGKILL)
			world_fail(w, "it ended with %d", status);
		judge(p, status, fault);
		judge_next(p);
	}
}

static void test_error(void **state)
{
	each_call(*state, FILES_ERROR);
}

static void test_full(void **state)
{
	each_call(*state, FILES_SHORT);
	each_call(*state, FILES_FULL);
}

static void test_killed(void **state)
{
	each_call(*state, FILES_KILL);
}

static void test_power(void **state)
{
	each_call(*state, FILES_POWER_KEPT);
	each_call(*state, FILES_POWER_LOST);
}

#define BOTH(test)                                                                                 \
	{#test ", zstd", test, set_up_zstd, tear_down, NULL},                                      \
	{                                                                                          \
#test ", as it is", test, set_up_none, tear_down, NULL                             \
	}

int run_dump_faults(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(test_error),
	    BOTH(test_full),
	    BOTH(test_killed),
	    BOTH(test_power),
	};
	return cmocka_run_group_tests_name("dumps", tests, NULL, NULL);
}
