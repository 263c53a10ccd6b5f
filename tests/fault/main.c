/*
 * Faults: whatever goes wrong, wherever in a run, the history is true, nothing is lost or doubled,
 * and the next run recovers. Each fault comes at the first call, then in a new world at the second,
 * and so on, until a run ends before the fault comes.
 */
#include "fault/driver.h"
#include "fault/dumps.h"
#include "fault/rollback.h"
#include "fault/vfs.h"
#include "fault/world.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitized process takes ten times as long to fork: there, every seventh call has to do. */
#ifdef __SANITIZE_ADDRESS__
enum {
	EVERY = 7
};
#else
enum {
	EVERY = 1
};
#endif

static void judge_driver_fault(struct world *w, enum driver_fault fault, int status)
{
	bool killed = fault == DRIVER_KILL_BEFORE || fault == DRIVER_KILL_AFTER;
	bool told = fault == DRIVER_TERM_BEFORE || fault == DRIVER_TERM_AFTER;
	if (killed && status != 128 + SIGKILL)
		world_fail(w, "it ended with %d", status);
	if (told && status != 128 + SIGTERM)
		world_fail(w, "it ended with %d", status);
	if (w->report->curable && status != 0)
		world_fail(w, "it ended with %d and could have gone on", status);
	world_judge(w, status);
}

static void each_driver_call(struct world *w, enum driver_fault fault)
{
	const struct db_driver *driver = driver_faulty();
	driver_choose(fault);
	snprintf(w->fault, sizeof(w->fault), "%s", driver_fault_names[fault]);
	for (w->at = 1;; w->at += EVERY) {
		world_renew(w);
		int status = world_migrate(w, driver_arm, driver);
		if (!w->report->hit) {
			assert_int_equal(status, 0);
			assert_true(w->at > 50);
			return;
		}
		judge_driver_fault(w, fault, status);
	}
}

static void each_operation(struct world *w, enum vfs_fault fault)
{
	vfs_register();
	vfs_choose(fault);
	snprintf(w->fault, sizeof(w->fault), "%s", vfs_fault_names[fault]);
	for (w->at = 1;; w->at += EVERY) {
		world_renew(w);
		int status = world_migrate(w, vfs_arm, NULL);
		if (!w->report->hit) {
			assert_int_equal(status, 0);
			assert_true(w->at > 50);
			return;
		}
		world_judge(w, status);
	}
}

static void test_driver_fails(void **state)
{
	each_driver_call(*state, DRIVER_FAILS);
}

static void test_driver_retries(void **state)
{
	each_driver_call(*state, DRIVER_RETRIES);
}

static void test_driver_lost_before(void **state)
{
	each_driver_call(*state, DRIVER_LOST_BEFORE);
}

static void test_driver_lost_after(void **state)
{
	each_driver_call(*state, DRIVER_LOST_AFTER);
}

static void test_driver_gone(void **state)
{
	each_driver_call(*state, DRIVER_GONE);
}

static void test_driver_terminated(void **state)
{
	each_driver_call(*state, DRIVER_TERM_BEFORE);
	each_driver_call(*state, DRIVER_TERM_AFTER);
}

static void test_driver_killed(void **state)
{
	each_driver_call(*state, DRIVER_KILL_BEFORE);
	each_driver_call(*state, DRIVER_KILL_AFTER);
}

static void test_io_error(void **state)
{
	each_operation(*state, VFS_ERROR_ONCE);
}

static void test_io_errors(void **state)
{
	each_operation(*state, VFS_ERROR_ALL);
}

static void test_full_once(void **state)
{
	each_operation(*state, VFS_FULL_ONCE);
}

static void test_full(void **state)
{
	each_operation(*state, VFS_FULL_ALL);
}

static void test_power_kept(void **state)
{
	each_operation(*state, VFS_POWER_KEPT);
}

static void test_power_lost(void **state)
{
	each_operation(*state, VFS_POWER_LOST);
}

static void test_power_mixed(void **state)
{
	each_operation(*state, VFS_POWER_MIXED);
}

static void test_nothing_goes_wrong(void **state)
{
	struct world *w = *state;
	world_renew(w);
	int status = world_migrate(w, NULL, NULL);
	assert_int_equal(status, 0);
	world_judge(w, status);
}

#define IN_WAL(test)                                                                               \
	{                                                                                          \
#test ", WAL", test, world_set_up_wal, world_tear_down, NULL                       \
	}
#define IN_OLD_WAL(test)                                                                           \
	{                                                                                          \
#test ", synced WAL", test, world_set_up_old_wal, world_tear_down, NULL            \
	}
#define IN_JOURNAL(test)                                                                           \
	{                                                                                          \
#test ", rollback journal", test, world_set_up_delete, world_tear_down, NULL       \
	}

static int run_driver_faults(void)
{
	const struct CMUnitTest tests[] = {
	    IN_WAL(test_nothing_goes_wrong),
	    IN_JOURNAL(test_nothing_goes_wrong),
	    IN_WAL(test_driver_fails),
	    IN_WAL(test_driver_retries),
	    IN_WAL(test_driver_lost_before),
	    IN_WAL(test_driver_lost_after),
	    IN_WAL(test_driver_gone),
	    IN_WAL(test_driver_terminated),
	    IN_WAL(test_driver_killed),
	};
	return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}

static int run_file_faults(void)
{
	const struct CMUnitTest tests[] = {
	    IN_WAL(test_io_error),
	    IN_OLD_WAL(test_io_error),
	    IN_JOURNAL(test_io_error),
	    IN_WAL(test_io_errors),
	    IN_OLD_WAL(test_io_errors),
	    IN_JOURNAL(test_io_errors),
	    IN_WAL(test_full_once),
	    IN_JOURNAL(test_full_once),
	    IN_WAL(test_full),
	    IN_JOURNAL(test_full),
	    IN_WAL(test_power_kept),
	    IN_JOURNAL(test_power_kept),
	    IN_WAL(test_power_lost),
	    IN_OLD_WAL(test_power_lost),
	    IN_JOURNAL(test_power_lost),
	    IN_WAL(test_power_mixed),
	    IN_JOURNAL(test_power_mixed),
	};
	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}

/* The groups side by side, for time; what the second says is shown when the first is done. */
int main(void)
{
	FILE *said = tmpfile();
	char line[4096];
	int status = 0;
	if (said == NULL)
		return EXIT_FAILURE;
	pid_t child = fork();
	if (child == 0) {
		dup2(fileno(said), STDOUT_FILENO);
		dup2(fileno(said), STDERR_FILENO);
		int wrong = run_driver_faults() + rollback_run_faults() + run_dump_faults();
		exit(wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	int failed = run_file_faults();
	bool ok = child > 0 && waitpid(child, &status, 0) == child && status == 0 && failed == 0;
	rewind(said);
	while (fgets(line, sizeof(line), said) != NULL)
		fputs(line, stdout);
	fclose(said);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
