#include "fault/world.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sink.h"
#include "cmd/cmd.h"
#include "fault/project.h"
#include "flow/flow.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATIENCE = 60, /* seconds: then a child hangs */
	FILE_MOST = 16 << 20
};

static const char *const parts[] = {"", "-wal", "-shm", "-journal", ".db-entry.lock"};

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

enum {
	PARTS = sizeof(parts) / sizeof(parts[0])
};

void world_fail(const struct world *world, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail_msg("%s at %d (%s): %s\n(the run said: %s\n%s)", world->fault, world->at,
	    world->report->where, text, world->report->err.message, world->report->err.why);
}

/* Memory where there is some: what is tested is not the disk, and there are thousands of runs. */
static void make_folder(struct world *w)
{
	snprintf(w->folder, sizeof(w->folder), "/dev/shm/db-entry-fault-XXXXXX");
	if (mkdtemp(w->folder) == NULL) {
		snprintf(w->folder, sizeof(w->folder), "/tmp/db-entry-fault-XXXXXX");
		assert_non_null(mkdtemp(w->folder));
	}
	snprintf(w->database, sizeof(w->database), "%s/shop.db", w->folder);
}

static int set_up(void **state, enum journal journal)
{
	struct world *w = calloc(1, sizeof(*w));
	/* OpenSSL takes its time to start: here, and not in each of the children. */
	struct digest *digest = digest_new();
	struct arena arena = {0};
	struct err err;
	digest_free(&digest);
	assert_non_null(w);
	w->journal = journal;
	w->report = mmap(
	    NULL, sizeof(*w->report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(w->report != MAP_FAILED);
	make_folder(w);
	assert_int_equal(mkdir(arena_printf(&arena, "%s/migrations", w->folder), 0755), 0);
	for (int i = 0; i < PROJECT_COUNT; i++) {
		const struct project_file *file = &project_files[i];
		const char *path = arena_printf(&arena, "%s/migrations/%s", w->folder, file->name);
		assert_true(sink_put(path, file->text, strlen(file->text), 0644, &err));
	}
	arena_free(&arena);
	*state = w;
	return 0;
}

int world_set_up_wal(void **state)
{
	return set_up(state, JOURNAL_WAL);
}

int world_set_up_old_wal(void **state)
{
	return set_up(state, JOURNAL_OLD_WAL);
}

int world_set_up_delete(void **state)
{
	return set_up(state, JOURNAL_DELETE);
}

static void remove_database(const char *database)
{
	char path[256];
	for (int i = 0; i < PARTS; i++) {
		snprintf(path, sizeof(path), "%s%s", database, parts[i]);
		unlink(path);
	}
}

int world_tear_down(void **state)
{
	struct world *w = *state;
	char path[256];
	remove_database(w->database);
	snprintf(path, sizeof(path), "%s/look.db", w->folder);
	remove_database(path);
	for (int i = 0; i < PROJECT_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/migrations/%s", w->folder, project_files[i].name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/migrations", w->folder);
	rmdir(path);
	rmdir(w->folder);
	munmap(w->report, sizeof(*w->report));
	free(w);
	return 0;
}

static void by_hand(const struct world *w, const char *sql)
{
	char message[512];
	if (!project_sql(w->database, sql, message, sizeof(message)))
		world_fail(w, "%s", message);
}

void world_renew(struct world *w)
{
	remove_database(w->database);
	memset(w->report, 0, sizeof(*w->report));
	if (w->journal == JOURNAL_OLD_WAL)
		by_hand(w, "PRAGMA journal_mode = WAL; CREATE TABLE mine (a)");
	if (w->journal == JOURNAL_DELETE)
		by_hand(w, "CREATE TABLE mine (a)");
}

/* --- Running --- */

/* In a child. What goes into the report is what main() would show. */
static int migrate(const struct world *w, const struct db_driver *driver)
{
	struct config config;
	struct flow flow = {0};
	struct err err = {0};
	char *no_environment[] = {NULL};
	char url[256], folder[128];
	snprintf(url, sizeof(url), "sqlite:%s", w->database);
	snprintf(folder, sizeof(folder), "%s/migrations", w->folder);
	const struct config_option options[] = {{SETTING_DATABASE_URL, url},
	    {SETTING_MIGRATIONS, folder}, {SETTING_WAIT_TIMEOUT, "2s"}, {SETTING_WAIT_GRACE, "0"},
	    {SETTING_LOCK_TIMEOUT, "1s"}, {SETTING_DUMP, "never"},
	    {SETTING_APPROVE, "0004 0006"}}; /* they change every row of a table */
	bool ok = config_load(&config, no_environment, options,
		      sizeof(options) / sizeof(options[0]), &err) &&
		  flow_open(&flow, &config, "apply", &err);
	if (driver != NULL)
		flow.driver = driver;
	/* As on the way to exec(). */
	ok = ok && flow_migrate(&flow, &err) && stop_check(&flow.stop, &err);
	flow_close(&flow);
	config_free(&config);
	w->report->err = err;
	return ok ? 0 : err_exit_code(&err);
}

int world_reap(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t world_fork(void)
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child != 0)
		return child;
	alarm(PATIENCE);
	/* A crash ends the child; cmocka would go on with the next test in it. */
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	proc_boot();
	stop_init();
	log_setup(LOG_TEXT, LOG_ERROR);
	return 0;
}

int world_run(struct world *w, void (*arm)(const struct world *world),
    int (*job)(const struct world *world, const struct db_driver *driver),
    const struct db_driver *driver)
{
	pid_t child = world_fork();
	if (child == 0) {
		if (arm != NULL)
			arm(w);
		_exit(job(w, driver));
	}
	return world_reap(child);
}

int world_migrate(
    struct world *w, void (*arm)(const struct world *world), const struct db_driver *driver)
{
	return world_run(w, arm, migrate, driver);
}

/* In a child: `db-entry repair --applied 5`, as a user would. */
static int repair(const struct world *w, const char *option)
{
	char url[256], folder[128], word[32], command[] = "repair", program[] = "db-entry";
	char version[] = "5", level[] = "--log-level=error";
	struct err err = {0};
	snprintf(url, sizeof(url), "--database-url=sqlite:%s", w->database);
	snprintf(folder, sizeof(folder), "--migrations=%s/migrations", w->folder);
	snprintf(word, sizeof(word), "%s", option);
	char *argv[] = {program, command, url, folder, level, word, version, NULL};
	int status;
	bool ok = cmd_main(7, argv, &status, &err);
	w->report->err = err;
	return ok ? 0 : err_exit_code(&err);
}

/* --- Judging --- */

static void copy_file(const struct world *w, const char *from, const char *to)
{
	CLEANUP(buf_free) struct buf bytes = buf_init(FILE_MOST);
	CLEANUP(fs_close) int fd = -1;
	struct err err;
	if (access(from, F_OK) != 0)
		return;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || !fs_read(from, &bytes, ERR_UNEXPECTED, &err) ||
	    write(fd, bytes.data, bytes.len) != (ssize_t)bytes.len)
		world_fail(w, "%s can't be copied", from);
}

/* Looking recovers a database; that is for the next run to do, so a copy is looked at. */
static struct project_found look(const struct world *w)
{
	char copy[128], from[256], to[256];
	struct project_found found;
	snprintf(copy, sizeof(copy), "%s/look.db", w->folder);
	remove_database(copy);
	for (int i = 0; i < PARTS; i++) {
		snprintf(from, sizeof(from), "%s%s", w->database, parts[i]);
		snprintf(to, sizeof(to), "%s%s", copy, parts[i]);
		copy_file(w, from, to);
	}
	project_look(copy, &found);
	if (found.fault[0] != '\0')
		world_fail(w, "%s", found.fault);
	return found;
}

static bool complete(const struct project_found *found)
{
	for (int i = 0; i < PROJECT_COUNT; i++)
		if (!found->applied[i] || !found->whole[i])
			return false;
	return true;
}

/* Does the refusal agree with what is there? */
static void judge_words(const struct world *w, int status, const struct project_found *found)
{
	const struct err *err = &w->report->err;
	/* What was being written down as the connection or the disk went: nobody can know. */
	bool torn = strcmp(err->code, "LOST") == 0 || strncmp(err->code, "SQLITE_IOERR", 12) == 0;
	bool begun = torn && found->recorded_done == 0 && found->least == 0;
	bool ended = torn && found->applied[PROJECT_STEPWISE - 1];
	if (status == 0 && !complete(found))
		world_fail(w, "it said that all is done, and it is not");
	if (status == 24 && !found->started && !ended)
		world_fail(w, "it said half applied, and nothing is");
	if (status == 23 && found->started && !begun)
		world_fail(w, "it said nothing remains, and something does");
	if (status != 23)
		return;
	/* "0004_audit failed: …", or none was begun. */
	int version = (int)strtol(err->message, NULL, 10);
	if (version == 0)
		version = 1;
	if (version < 1 || version > PROJECT_COUNT || found->applied[version - 1])
		world_fail(w, "it said nothing of %d remains, and it is applied", version);
}

static void expect_status(const struct world *w, const char *what, int expected, int status)
{
	if (status != expected)
		world_fail(w, "%s ended with %d, not %d", what, status, expected);
}

/*
 * The next run goes on where it is known what is done, and nothing is done twice. Otherwise its
 * refusal names the statement nobody knows about. True in the first case.
 */
static bool judge_half(struct world *w, const struct project_found *before)
{
	char named[64];
	int status = world_migrate(w, NULL, NULL);
	if (status == 0) {
		if (before->least > before->recorded_done)
			world_fail(w, "it went on, and what it went on with was done");
		return true;
	}
	expect_status(w, "the next run", 24, status);
	snprintf(named, sizeof(named), "statement %d of %d may or may not be done",
	    before->recorded_done + 1, PROJECT_STEPS);
	/* What failed by the database's own word is not done. */
	if (strstr(w->report->err.why, " failed") != NULL) {
		snprintf(named, sizeof(named), "statement %d of %d failed",
		    before->recorded_done + 1, PROJECT_STEPS);
		if (before->least > before->recorded_done)
			world_fail(w, "it says that a statement failed, and it is done");
	}
	if (before->recorded_done == PROJECT_STEPS)
		snprintf(named, sizeof(named), "all %d statements are done", PROJECT_STEPS);
	if (strstr(w->report->err.why, named) == NULL)
		world_fail(w, "the refusal does not say: %s", named);
	struct project_found after = look(w);
	if (after.recorded_done != before->recorded_done || after.least != before->least ||
	    !after.started)
		world_fail(w, "a run that refused changed something");
	return false;
}

static void finish_by_hand(const struct world *w, int done)
{
	char sql[512] = "";
	/* VACUUM obeys a pragma of its own session. */
	if (done == 3)
		done = 2;
	for (int i = done; i < PROJECT_STEPS; i++) {
		size_t used = strlen(sql);
		snprintf(sql + used, sizeof(sql) - used, "%s;", project_steps[i]);
	}
	by_hand(w, sql);
}

/* By turns what is missing is done by hand, or what was done is undone. */
static void heal(struct world *w, const struct project_found *found)
{
	bool finish = w->at % 2 == 0;
	if (finish)
		finish_by_hand(w, found->least);
	else
		by_hand(w, project_undo);
	pid_t child = world_fork();
	if (child == 0)
		_exit(repair(w, finish ? "--applied" : "--reverted"));
	expect_status(w, "repair", 0, world_reap(child));
}

static void judge_journal(const struct world *w)
{
	char message[512];
	if (w->journal == JOURNAL_DELETE &&
	    !project_sql(w->database,
		"CREATE TEMP TABLE check_mode (mode CHECK (mode = 'delete'));"
		"INSERT INTO check_mode SELECT journal_mode FROM pragma_journal_mode",
		message, sizeof(message)))
		world_fail(w, "the journal mode was changed");
}

void world_judge(struct world *w, int status)
{
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		if (status == 128 + crashes[i])
			world_fail(w, "it crashed with signal %d", crashes[i]);
	struct project_found found = look(w);
	judge_words(w, status, &found);
	if (found.started && !judge_half(w, &found))
		heal(w, &found);
	expect_status(w, "the run that recovers", 0, world_migrate(w, NULL, NULL));
	project_look(w->database, &found);
	if (found.fault[0] != '\0')
		world_fail(w, "%s", found.fault);
	if (!complete(&found))
		world_fail(w, "the run that recovers left something out");
	judge_journal(w);
}
