/* Which folders outlive a container. */
#include "base/fs.h"
#include "base/sink.h"
#include "dump/parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

static const char mountinfo[] =
    "22 1 0:20 / / rw,relatime - overlay overlay rw,lowerdir=/a\n"
    "23 22 0:21 / /proc rw - proc proc rw\n"
    "24 22 8:1 /volumes/data /data rw,relatime shared:3 master:1 - ext4 /dev/sda1 rw\n"
    "25 22 8:1 /v /my\\040volume rw - xfs /dev/sda1 rw\n"
    "26 22 0:30 / /dev/shm rw - tmpfs tmpfs rw\n"
    "27 22 8:1 /var/lib/kubelet/pods/1-2/volumes/kubernetes.io~empty-dir/tmp /scratch rw - ext4 "
    "/dev/sda1 rw\n"
    "28 22 8:1 /var/lib/kubelet/pods/1-2/volumes/kubernetes.io~csi/x/mount /claim rw - ext4 "
    "/dev/sda1 rw\n"
    "29 24 0:31 / /data/hidden rw - ext4 /dev/sdb rw\n"
    "30 24 0:32 / /data/hidden rw - tmpfs tmpfs rw\n"
    "31 22 0:33 / /run rw - ramfs ramfs rw\n"
    "no line of a mount\n";

static void durable(const char *path, bool expected, const char *on)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *what = NULL;
	assert_int_equal(dump_is_durable(mountinfo, path, &what, &arena), expected);
	if (on != NULL)
		assert_string_equal(what, on);
}

static void volumes_are_durable(void **state)
{
	(void)state;
	durable("/data", true, "ext4");
	durable("/data/backups", true, NULL);
	durable("/my volume/x", true, "xfs");
	durable("/claim", true, NULL);
}

static void what_goes_with_the_container_is_not(void **state)
{
	(void)state;
	durable("/", false, "overlay");
	durable("/app/db", false, "overlay");
	durable("/database", false, "overlay");
	durable("/dev/shm/x", false, "tmpfs");
	durable("/run", false, "ramfs");
	durable("/scratch/x", false, "an emptyDir");
}

static void last_mount_on_a_point_counts(void **state)
{
	(void)state;
	durable("/data/hidden/x", false, "tmpfs");
}

static void nothing_known_is_not_durable(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *what = NULL;
	(void)state;
	assert_false(dump_is_durable("", "/data", &what, &arena));
	assert_non_null(what);
	assert_false(dump_is_durable("25 22 8:1 / /data", "/data", &what, &arena));
}

static void given_folder_is_taken_as_it_is(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf why = buf_init(1024);
	const char *folder = NULL;
	(void)state;
	dump_find_folder(&folder, "/dev/shm/x", "/elsewhere", &why, &arena);
	assert_string_equal(folder, "/dev/shm/x");
}

static void refused_folder_is_named_with_its_reason(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf why = buf_init(4096);
	const char *folder = NULL;
	(void)state;
	dump_find_folder(&folder, NULL, "/proc/none/of/it", &why, &arena);
	if (folder == NULL)
		assert_non_null(strstr(why.data, "/proc/none/of/it"));
}

static char *make_folder(void)
{
	static char path[] = "/tmp/dump-folder-XXXXXX";
	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(path));
	return path;
}

static void touch(const char *folder, const char *name)
{
	char path[256];
	struct err err;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_true(sink_put(path, "x", 1, 0600, &err));
}

static void remove_folder(const char *folder)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct err err;
	char **names;
	size_t count;
	assert_true(fs_list(folder, &arena, &names, &count, &err));
	for (size_t i = 0; i < count; i++)
		unlink(arena_printf(&arena, "%s/%s", folder, names[i]));
	assert_int_equal(rmdir(folder), 0);
}

static bool there(const char *folder, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void left_overs_are_swept_when_nobody_works(void **state)
{
	const char *folder = make_folder();
	struct stop stop = stop_never();
	struct err err;
	int first, second;
	(void)state;
	touch(folder, ".backup-20260131-120000.scratch.tmp");
	touch(folder, "backup-20260131-120000.sqlite");
	touch(folder, ".other.tmp");
	assert_true(dump_enter(&first, folder, &stop, &err));
	assert_false(there(folder, ".backup-20260131-120000.scratch.tmp"));
	assert_true(there(folder, "backup-20260131-120000.sqlite"));
	assert_true(there(folder, ".other.tmp"));
	/* Somebody is at work: what is there is his. */
	touch(folder, ".backup-20260131-120001.scratch.tmp");
	assert_true(dump_enter(&second, folder, &stop, &err));
	assert_true(there(folder, ".backup-20260131-120001.scratch.tmp"));
	close(second);
	close(first);
	assert_true(dump_enter(&first, folder, &stop, &err));
	assert_false(there(folder, ".backup-20260131-120001.scratch.tmp"));
	close(first);
	remove_folder(folder);
}

static void labels(void **state)
{
	(void)state;
	assert_true(dump_is_label("before-release_1.2"));
	assert_false(dump_is_label(""));
	assert_false(dump_is_label("-x"));
	assert_false(dump_is_label("../x"));
	assert_false(dump_is_label("a b"));
	assert_false(
	    dump_is_label("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(volumes_are_durable),
	    cmocka_unit_test(what_goes_with_the_container_is_not),
	    cmocka_unit_test(last_mount_on_a_point_counts),
	    cmocka_unit_test(nothing_known_is_not_durable),
	    cmocka_unit_test(given_folder_is_taken_as_it_is),
	    cmocka_unit_test(refused_folder_is_named_with_its_reason),
	    cmocka_unit_test(left_overs_are_swept_when_nobody_works),
	    cmocka_unit_test(labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
