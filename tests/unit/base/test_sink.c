#include "base/fs.h"
#include "base/proc.h"
#include "base/sink.h"
#include "forked.h"
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

enum {
	PROMPT_MS = 10 * 1000,
	MUCH = 5 << 20
};

static char folder[] = "/tmp/test_sink.XXXXXX";
static struct stop never;
static struct err err;

/* Whether a file holds exactly this. */
static bool holds(const char *path, const char *expected)
{
	CLEANUP(buf_free) struct buf buf = buf_init(MUCH);
	struct err failed = {0};

	return fs_read(path, &buf, ERR_CONFIG, &failed) && strcmp(buf.data, expected) == 0;
}

/* How many entries the current folder has, hidden ones too: nothing temporary may stay. */
static size_t entries(void)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct err failed = {0};
	char **names;
	size_t count = 0;

	fs_list(".", &arena, &names, &count, &failed);
	return count;
}

static struct sink *begin(const char *path, mode_t mode, bool exclusive)
{
	struct sink *sink = NULL;

	return sink_file(&sink, path, mode, exclusive, &err) ? sink : NULL;
}

static bool put(const char *path, const char *text, bool exclusive)
{
	struct sink *sink = begin(path, 0644, exclusive);

	if (sink == NULL)
		return false;
	if (sink_write(sink, text, strlen(text), &never, &err))
		return sink_commit(sink, &err);
	sink_abort(sink);
	return false;
}

static void a_file_appears_when_complete(void **state)
{
	(void)state;
	struct sink *sink = begin("new", 0644, false);

	assert_non_null(sink);
	assert_true(sink_write(sink, "hello ", 6, &never, &err));
	assert_true(sink_write(sink, "", 0, &never, &err));
	assert_true(sink_write(sink, "world", 5, &never, &err));
	assert_false(fs_is_file("new"));
	assert_true(sink_commit(sink, &err));
	assert_true(holds("new", "hello world"));
	assert_int_equal(entries(), 1);
}

static void an_abort_leaves_nothing(void **state)
{
	(void)state;
	assert_true(put("kept", "old", false));
	struct sink *sink = begin("kept", 0644, false);
	assert_true(sink_write(sink, "new", 3, &never, &err));
	assert_true(holds("kept", "old"));
	sink_abort(sink);
	sink_abort(NULL);
	assert_true(holds("kept", "old"));
	assert_int_equal(entries(), 1);
	assert_true(put("kept", "new", false));
	assert_true(holds("kept", "new"));
}

static void exclusive_never_replaces(void **state)
{
	(void)state;
	assert_true(put("first", "first", true));
	assert_false(put("first", "second", true));
	assert_non_null(strstr(err.message, "first: File exists"));
	assert_int_equal(symlink("nothing", "link"), 0);
	assert_false(put("link", "second", true));
	struct sink *sink = begin("raced", 0644, true);
	assert_true(sink_write(sink, "late", 4, &never, &err));
	assert_true(put("raced", "early", false));
	assert_false(sink_commit(sink, &err));
	assert_non_null(strstr(err.message, "raced: File exists"));
	assert_true(holds("raced", "early"));
	assert_int_equal(entries(), 3);
}

static void what_somebody_made_gets_its_name(void **state)
{
	struct sink *sink;
	(void)state;
	assert_true(sink_made(&sink, "made", "final", &err));
	assert_true(put("made", "bytes", false));
	assert_true(sink_write(sink, "bytes", 5, &never, &err));
	assert_true(sink_commit(sink, &err));
	assert_true(holds("final", "bytes"));
	assert_int_equal(entries(), 1);
	/* Never over another; then nothing stays of it. */
	assert_false(sink_made(&sink, "made", "final", &err));
	assert_true(sink_made(&sink, "made", "second", &err));
	assert_true(put("made", "again", false) && put("second", "taken", false));
	assert_false(sink_commit(sink, &err));
	assert_true(holds("second", "taken"));
	assert_int_equal(entries(), 2);
	/* It was not made, or is given up. */
	assert_true(sink_made(&sink, "made", "third", &err));
	assert_false(sink_commit(sink, &err));
	assert_true(sink_made(&sink, "made", "third", &err));
	assert_true(put("made", "half", false));
	sink_abort(sink);
	assert_int_equal(entries(), 2);
}

static void race_under_filter(void)
{
	expect(put("plain", "plain", true));
	expect(holds("plain", "plain"));
	struct sink *sink = begin("raced", 0644, true);
	expect(sink_write(sink, "late", 4, &never, &err));
	expect(put("raced", "early", false));
	expect(!sink_commit(sink, &err) && holds("raced", "early"));
	expect(entries() == 2);
	expect(unlink("plain") == 0 && unlink("raced") == 0);
}

/* NFS: no RENAME_NOREPLACE. Object stores: no links either. */
static void race_without_noreplace(void)
{
	deny(SYS_renameat2, EINVAL);
	race_under_filter();
}

static void race_without_links(void)
{
	deny(SYS_renameat2, EINVAL);
#ifdef SYS_link
	deny(SYS_link, EPERM);
#endif
	deny(SYS_linkat, EPERM);
	race_under_filter();
}

static void exclusive_holds_on_every_file_system(void **state)
{
	(void)state;
	assert_int_equal(forked_status(race_without_noreplace), 0);
	assert_int_equal(forked_status(race_without_links), 0);
}

static void modes_are_less_the_umask(void **state)
{
	(void)state;
	struct stat info;
	mode_t before = umask(027);

	assert_true(sink_commit(begin("secret", 0600, false), &err));
	assert_true(sink_commit(begin("shared", 0666, false), &err));
	umask(before);
	assert_int_equal(stat("secret", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(stat("shared", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
}

static void a_symbolic_link_stays_one(void **state)
{
	(void)state;
	struct stat info;

	assert_int_equal(mkdir("elsewhere", 0755), 0);
	assert_true(put("elsewhere/real", "old", false));
	assert_int_equal(symlink("elsewhere/real", "link"), 0);
	assert_int_equal(symlink("elsewhere/later", "dangling"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_true(put("link", "new", false));
	assert_true(put("dangling", "made", false));
	assert_false(put("loop", "x", false));
	assert_true(holds("elsewhere/real", "new"));
	assert_true(holds("elsewhere/later", "made"));
	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISLNK(info.st_mode));
}

static void what_is_no_file_is_not_replaced(void **state)
{
	(void)state;
	struct stat info;

	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(mkdir("sub", 0755), 0);
	assert_int_equal(symlink("/dev/null", "null"), 0);
	assert_false(put("fifo", "x", false));
	assert_non_null(strstr(err.message, "a pipe or a device"));
	assert_false(put("sub", "x", false));
	assert_non_null(strstr(err.message, "a folder"));
	assert_false(put("null", "x", false));
	assert_false(put("sub/none/such", "x", false));
	assert_false(put("new/", "x", false));
	assert_false(put("", "x", false));
	assert_int_equal(stat("/dev/null", &info), 0);
	assert_true(S_ISCHR(info.st_mode));
	assert_int_equal(entries(), 3);
}

static void long_names_fit(void **state)
{
	(void)state;
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	assert_true(put(name, "long", false));
	assert_true(holds(name, "long"));
}

static void fill_up(void)
{
	static char data[MUCH];
	struct rlimit limit = {100 * 1000, 100 * 1000};

	signal(SIGXFSZ, SIG_IGN);
	struct sink *sink = begin("full", 0644, false);
	setrlimit(RLIMIT_FSIZE, &limit);
	expect(!sink_write(sink, data, sizeof(data), &never, &err));
	expect(strstr(err.message, "full: File too large") != NULL);
	sink_abort(sink);
	expect(entries() == 0);
}

static void a_full_disk_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(forked_status(fill_up), 0);
}

static void writing_a_file_ends_with_stop(void **state)
{
	(void)state;
	struct stop passed = stop_within(&never, 0);
	struct sink *sink = begin("stopped", 0644, false);

	assert_false(sink_write(sink, "x", 1, &passed, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	sink_abort(sink);
	assert_int_equal(entries(), 0);
}

/* --- descriptors --- */

static void fill_pipe(void)
{
	static char data[MUCH];
	struct err failed = {0};
	int ends[2];

	for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
		expect(pipe2(ends, flags) == 0);
		struct sink *sink = sink_fd(ends[1]);
		struct stop brief = stop_within(&never, 100);
		int64_t start = stop_now();
		expect(!sink_write(sink, data, sizeof(data), &brief, &failed));
		expect(failed.kind == ERR_TIMEOUT && stop_now() - start < PROMPT_MS);
		sink_abort(sink);
		expect(fcntl(ends[1], F_GETFD) >= 0); /* stays open */
	}
}

static void a_full_pipe_waits_under_stop(void **state)
{
	(void)state;
	assert_int_equal(forked_status(fill_pipe), 0);
}

static void write_to_nobody(void)
{
	int ends[2];

	proc_boot();
	stop_init();
	expect(pipe(ends) == 0);
	close(ends[0]);
	struct sink *sink = sink_fd(ends[1]);
	expect(!sink_write(sink, "x", 1, &never, &err));
	expect(err.kind == ERR_UNEXPECTED && strstr(err.message, "Broken pipe") != NULL);
	sink_abort(sink);
	sink = sink_fd(open("/dev/full", O_WRONLY));
	expect(!sink_write(sink, "x", 1, &never, &err));
	expect(strstr(err.message, "No space") != NULL);
	sink_abort(sink);
	sink = sink_fd(1000);
	expect(!sink_write(sink, "x", 1, &never, &err));
	sink_abort(sink);
}

static void descriptors_fail_as_errors(void **state)
{
	(void)state;
	assert_int_equal(forked_status(write_to_nobody), 0);
}

static void write_much(void)
{
	struct sink *sink = sink_fd(STDOUT_FILENO);
	char data[100 * 1000];

	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 26);
	for (int i = 0; i < 10; i++)
		expect(sink_write(sink, data, sizeof(data), &never, &err));
	expect(sink_commit(sink, &err));
}

static void all_bytes_arrive(void **state)
{
	(void)state;
	enum {
		SIZE = 1000 * 1000
	};
	char *out = malloc(SIZE + 2);

	assert_int_equal(forked(write_much, out, SIZE + 2), 0);
	assert_int_equal(strlen(out), SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(out[i], 'a' + i % 100000 % 26);
	free(out);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static int enter_folder(void **state)
{
	(void)state;
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	never = stop_never();
	err = (struct err){0};
	umask(022);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return chdir("/") != 0 || nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0;
}

/* Each in an empty folder of its own. */
#define sink_test(test) cmocka_unit_test_setup_teardown(test, enter_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    sink_test(a_file_appears_when_complete),
	    sink_test(an_abort_leaves_nothing),
	    sink_test(exclusive_never_replaces),
	    sink_test(what_somebody_made_gets_its_name),
	    sink_test(exclusive_holds_on_every_file_system),
	    sink_test(modes_are_less_the_umask),
	    sink_test(a_symbolic_link_stays_one),
	    sink_test(what_is_no_file_is_not_replaced),
	    sink_test(long_names_fit),
	    sink_test(a_full_disk_is_an_error),
	    sink_test(writing_a_file_ends_with_stop),
	    sink_test(a_full_pipe_waits_under_stop),
	    sink_test(descriptors_fail_as_errors),
	    sink_test(all_bytes_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
