#include "base/fs.h"
#include "base/sink.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_fs.XXXXXX";

static void put(const char *path, const char *text)
{
	struct err err = {0};

	if (!sink_put(path, text, strlen(text), 0644, &err))
		fail_msg("%s", err.message);
}

static void check_content(const char *path, const char *expected)
{
	CLEANUP(buf_free) struct buf buf = buf_init(4096);
	struct err err = {0};

	if (!fs_read(path, &buf, ERR_CONFIG, &err))
		fail_msg("%s", err.message);
	assert_string_equal(buf.data, expected);
}

static void check_refused(const char *path, size_t max, const char *words)
{
	CLEANUP(buf_free) struct buf buf = buf_init(max);
	struct err err = {0};

	buf_add_text(&buf, "kept");
	assert_false(fs_read(path, &buf, ERR_MALFORMED, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_non_null(strstr(err.message, path));
	if (strstr(err.message, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, err.message);
	assert_string_equal(buf.data, "kept");
	assert_int_equal(buf.len, 4);
	assert_false(buf.overflow);
}

static void reading_appends_a_whole_file(void **state)
{
	(void)state;
	CLEANUP(buf_free) struct buf buf = buf_init(10);
	struct err err = {0};

	put("five", "12345");
	put("empty", "");
	assert_true(fs_read("five", &buf, ERR_CONFIG, &err));
	assert_true(fs_read("empty", &buf, ERR_CONFIG, &err));
	assert_true(fs_read("five", &buf, ERR_CONFIG, &err));
	assert_string_equal(buf.data, "1234512345");
	assert_int_equal(err.kind, ERR_NONE);
	assert_false(fs_read("five", &buf, ERR_CONFIG, &err));
}

static void reading_a_large_file_and_one_without_a_size(void **state)
{
	(void)state;
	enum {
		LARGE = 300 * 1000
	};
	CLEANUP(buf_free) struct buf buf = buf_init(LARGE);
	struct err err = {0};
	char *data = malloc(LARGE);

	for (size_t i = 0; i < LARGE; i++)
		data[i] = (char)(i * 31 >> 3);
	assert_true(sink_put("large", data, LARGE, 0644, &err));
	assert_true(fs_read("large", &buf, ERR_CONFIG, &err));
	assert_int_equal(buf.len, LARGE);
	assert_memory_equal(buf.data, data, LARGE);
	/* As long as what is read at once, and nearly. */
	for (size_t len = 64 * 1024 - 1; len <= 64 * 1024 + 1; len++) {
		buf_reset(&buf);
		assert_true(sink_put("large", data, len, 0644, &err));
		assert_true(fs_read("large", &buf, ERR_CONFIG, &err));
		assert_int_equal(buf.len, len);
		assert_memory_equal(buf.data, data, len);
	}
	free(data);
	buf_reset(&buf);
	assert_true(fs_read("/proc/self/status", &buf, ERR_CONFIG, &err));
	assert_true(buf.len > 100);
}

static void reading_refuses_what_is_no_file(void **state)
{
	(void)state;
	put("long", "0123456789");
	assert_int_equal(mkfifo("fifo", 0644), 0);
	check_refused("long", 10, "larger than 10 bytes");
	check_refused("/proc/self/status", 20, "larger than 20 bytes");
	check_refused("fifo", 100, "a pipe or a device");
	check_refused("/dev/zero", 100, "a pipe or a device");
	check_refused(".", 100, "a folder");
	check_refused("absent", 100, "No such file");
	check_refused("long/below", 100, "Not a directory");
}

static void writing_replaces(void **state)
{
	(void)state;
	struct stat info;
	struct err err = {0};

	put("file", "old and longer");
	put("file", "new");
	check_content("file", "new");
	assert_false(sink_put("absent/file", "x", 1, 0644, &err));
	assert_non_null(strstr(err.message, "absent/file"));
	assert_true(sink_put("private", "x", 1, 0600, &err));
	assert_int_equal(stat("private", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void listing_is_sorted_by_bytes(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct err err = {0};
	static const char *const expected[] = {".hidden", "10", "9", "B", "a", "\xc3\xa4"};
	char **names = NULL;
	size_t count = 77;
	char path[64];

	assert_int_equal(mkdir("list", 0755), 0);
	assert_true(fs_list("list", &arena, &names, &count, &err));
	assert_int_equal(count, 0);
	for (int i = 5; i >= 0; i--) {
		snprintf(path, sizeof(path), "list/%s", expected[i]);
		put(path, "");
	}
	assert_true(fs_list("list", &arena, &names, &count, &err));
	assert_int_equal(count, 6);
	for (int i = 0; i < 6; i++)
		assert_string_equal(names[i], expected[i]);
	assert_false(fs_list("list/a", &arena, &names, &count, &err));
	assert_false(fs_list("absent", &arena, &names, &count, &err));
	assert_non_null(strstr(err.message, "absent"));
	assert_int_equal(count, 6);
}

static void files_and_folders_are_told_apart(void **state)
{
	(void)state;
	put("a-file", "");
	assert_int_equal(mkdir("a-folder", 0755), 0);
	assert_int_equal(symlink("a-folder", "link-to-folder"), 0);
	assert_int_equal(symlink("nothing", "broken"), 0);
	assert_true(fs_is_file("a-file") && !fs_is_folder("a-file"));
	assert_true(fs_is_folder("a-folder") && !fs_is_file("a-folder"));
	assert_true(fs_is_folder("link-to-folder"));
	assert_false(fs_is_file("broken") || fs_is_folder("broken"));
	assert_false(fs_is_file("/dev/null") || fs_is_folder("/dev/null"));
}

static void folders_are_made_with_those_above(void **state)
{
	(void)state;
	struct err err = {0};
	char absolute[PATH_MAX];

	assert_true(fs_make_folders("one/two//three/", 0700, &err));
	assert_true(fs_is_folder("one/two/three"));
	assert_true(fs_make_folders("one/two/three", 0700, &err));
	snprintf(absolute, sizeof(absolute), "%s/one/four", folder);
	assert_true(fs_make_folders(absolute, 0700, &err));
	assert_true(fs_is_folder("one/four"));
	assert_true(fs_make_folders("/", 0700, &err));
	assert_true(fs_make_folders(".", 0700, &err));
	put("one/file", "");
	assert_false(fs_make_folders("one/file/below", 0700, &err));
	assert_non_null(strstr(err.message, "one/file"));
	assert_false(fs_make_folders("/proc/none/such", 0700, &err));
}

static void flushing_a_folder(void **state)
{
	(void)state;
	struct err err = {0};

	assert_true(fs_sync_folder(".", &err));
	assert_false(fs_sync_folder("absent", &err));
	assert_non_null(strstr(err.message, "absent"));
}

static void paths_are_split(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	static const struct {
		const char *path;
		const char *folder;
		const char *name;
	} cases[] = {
	    {"a/b", "a", "b"},
	    {"a/b/", "a", "b/"},
	    {"a//b", "a", "b"},
	    {"/b", "/", "b"},
	    {"//b", "/", "b"},
	    {"b", ".", "b"},
	    {"b/", ".", "b/"},
	    {"", ".", ""},
	    {"/", "/", "/"},
	    {"a/b/c", "a/b", "c"},
	    {"./b", ".", "b"},
	    {"../b", "..", "b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_string_equal(fs_folder_of(&arena, cases[i].path), cases[i].folder);
		assert_string_equal(fs_name_of(cases[i].path), cases[i].name);
	}
}

static void check_resolved(const char *path, const char *expected)
{
	CLEANUP(arena_free) struct arena arena = {0};
	char whole[PATH_MAX];
	char *resolved = fs_resolve(&arena, path);

	assert_non_null(resolved);
	snprintf(whole, sizeof(whole), "%s/%s", folder, expected);
	assert_string_equal(resolved, *expected == '/' ? expected : whole);
}

static void paths_are_resolved(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct err err = {0};

	assert_true(fs_make_folders("r/real", 0755, &err));
	put("r/real/file", "");
	assert_int_equal(symlink("real", "r/link"), 0);
	assert_int_equal(symlink("../link/new", "r/real/dangling"), 0);
	assert_int_equal(symlink("dangling", "r/real/chain"), 0);
	assert_int_equal(symlink("loop", "r/loop"), 0);
	assert_int_equal(symlink("/none/such", "r/nowhere"), 0);
	check_resolved("r/link/file", "r/real/file");
	check_resolved("r/link/../link/./absent", "r/real/absent");
	check_resolved("r/absent/", "r/absent");
	check_resolved("r/real/dangling", "r/real/new");
	check_resolved("r/link/chain", "r/real/new");
	check_resolved("/absent-here", "/absent-here");
	check_resolved("/", "/");
	assert_null(fs_resolve(&arena, "r/absent/file"));
	assert_int_equal(errno, ENOENT);
	assert_null(fs_resolve(&arena, "r/loop"));
	assert_null(fs_resolve(&arena, "r/nowhere"));
	assert_null(fs_resolve(&arena, "r/real/file/below"));
	assert_null(fs_resolve(&arena, ""));
}

static void local_file_systems_are_local(void **state)
{
	(void)state;
	assert_false(fs_is_network("/proc"));
	assert_false(fs_is_network("/proc/absent"));
	assert_false(fs_is_network("/dev/shm"));
}

static void closing_is_once(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_RDONLY);
	int same = fd;

	errno = ENOSPC;
	fs_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(same, F_GETFD), -1);
	fs_close(&fd);
	errno = ENOSPC;
	fd = same;
	fs_close(&fd); /* fails, and errno stays */
	assert_int_equal(errno, ENOSPC);
}

static int enter_folder(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return chdir("/") != 0 || nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading_appends_a_whole_file),
	    cmocka_unit_test(reading_a_large_file_and_one_without_a_size),
	    cmocka_unit_test(reading_refuses_what_is_no_file),
	    cmocka_unit_test(writing_replaces),
	    cmocka_unit_test(listing_is_sorted_by_bytes),
	    cmocka_unit_test(files_and_folders_are_told_apart),
	    cmocka_unit_test(folders_are_made_with_those_above),
	    cmocka_unit_test(flushing_a_folder),
	    cmocka_unit_test(paths_are_split),
	    cmocka_unit_test(paths_are_resolved),
	    cmocka_unit_test(local_file_systems_are_local),
	    cmocka_unit_test(closing_is_once),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
