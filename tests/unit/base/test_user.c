/* Who USER and USER:GROUP are. Becoming one is for tests/e2e/test_user.py: it needs root. */
#include "base/user.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_user.XXXXXX";
static struct arena arena;

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int write_tables(void **state)
{
	(void)state;
	put("passwd", "# a comment\n"
		      "root:x:0:0:root:/root:/bin/sh\n"
		      "app:x:1000:1001:App,,,:/home/app:/bin/sh\n"
		      "half:x:1002\n"
		      "bad:x:-1:1:::\n"
		      "worse:x:4294967295:1:::\n"
		      "homeless:x:1003:1003:::/bin/sh\n"
		      "2000:x:1004:1004::/two:/bin/sh\n"
		      "first:x:1005:1005::/first:\n"
		      "second:x:1005:1006::/second:\n"
		      "last:x:1007:1007::/last:/bin/sh");
	put("group", "root:x:0:root,app\n"
		     "app:x:1001:\n"
		     "app-like:x:1010:app-like,apple\n"
		     "media:x:1011:apple,app\n"
		     "again:x:1001:app\n"
		     "bad:x:many:app\n"
		     "short:x:1012\n"
		     "3000:x:1013:");
	return 0;
}

static void assert_user(const char *text, uid_t uid, gid_t gid, const char *home)
{
	struct user user;
	struct err err = {0};

	if (!user_find(&user, text, folder, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	assert_int_equal(user.uid, uid);
	assert_int_equal(user.gid, gid);
	assert_string_equal(user.home, home);
	assert_int_equal(user.group_given, strchr(text, ':') != NULL);
	assert_int_equal(user.groups[0], gid);
}

static void assert_groups(const char *text, const gid_t *groups, size_t count)
{
	struct user user;
	struct err err = {0};

	assert_true(user_find(&user, text, folder, &arena, &err));
	assert_int_equal(user.group_count, count);
	assert_memory_equal(user.groups, groups, count * sizeof(*groups));
}

static void assert_refused(const char *text, const char *words)
{
	struct user user = {.uid = 77};
	struct err err = {0};

	assert_false(user_find(&user, text, folder, &arena, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(user.uid, 77);
	if (strstr(err.message, words) == NULL)
		fail_msg("%s: no \"%s\" in: %s", text, words, err.message);
}

static void names_and_numbers(void **state)
{
	(void)state;
	assert_user("app", 1000, 1001, "/home/app");
	assert_user("1000", 1000, 1001, "/home/app");
	assert_user("root", 0, 0, "/root");
	assert_user("0", 0, 0, "/root");
	assert_user("homeless", 1003, 1003, "/");
	assert_user("last", 1007, 1007, "/last");
	/* A name of digits is a name. */
	assert_user("2000", 1004, 1004, "/two");
	assert_user("1005", 1005, 1005, "/first");
}

static void unknown_numbers_are_their_own_group(void **state)
{
	(void)state;
	assert_user("4711", 4711, 4711, "/");
	assert_user("4294967294", 4294967294, 4294967294, "/");
	assert_groups("4711", (gid_t[]){4711}, 1);
}

static void groups_are_those_that_list_the_user(void **state)
{
	(void)state;
	assert_groups("app", (gid_t[]){1001, 0, 1011}, 3);
	assert_groups("1000", (gid_t[]){1001, 0, 1011}, 3);
	assert_groups("homeless", (gid_t[]){1003}, 1);
}

static void a_group_that_is_given_is_the_only_one(void **state)
{
	(void)state;
	assert_user("app:media", 1000, 1011, "/home/app");
	assert_user("app:5", 1000, 5, "/home/app");
	assert_user("app:3000", 1000, 1013, "/home/app");
	assert_user("4711:app", 4711, 1001, "/");
	assert_user("4711:0", 4711, 0, "/");
	assert_groups("app:media", (gid_t[]){1011}, 1);
}

static void what_is_not_there_is_refused(void **state)
{
	(void)state;
	assert_refused("nobody", "no user nobody in /etc/passwd");
	assert_refused("half", "no group for user half");
	assert_refused("bad", "no user bad");
	assert_refused("worse", "no user worse");
	assert_refused("app:nobody", "no group nobody in /etc/group");
	assert_refused("app:bad", "no group bad");
	assert_refused("4294967295", "no user");
	assert_refused("-1", "no user");
	assert_refused("", "neither USER nor USER:GROUP");
	assert_refused(":app", "neither USER nor USER:GROUP");
	assert_refused("app:", "neither USER nor USER:GROUP");
	assert_refused("app:app:app", "no group app:app");
}

static void without_tables_numbers_are_known(void **state)
{
	(void)state;
	unlink("passwd");
	unlink("group");
	assert_user("1000", 1000, 1000, "/");
	assert_user("1000:7", 1000, 7, "/");
	assert_refused("app", "no user app in /etc/passwd");
	assert_refused("1000:app", "no group app in /etc/group");
	mkdir("passwd", 0755);
	assert_refused("1000", "passwd");
	rmdir("passwd");
}

/* Up to a NUL alone it would be another user, with other groups. */
static void a_damaged_table_is_refused(void **state)
{
	static const char lines[] = "x\0y:x:1:\nmedia:x:1011:app\n";
	int fd = open("group", O_WRONLY | O_TRUNC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, lines, sizeof(lines) - 1), sizeof(lines) - 1);
	close(fd);
	assert_refused("app", "group holds a NUL byte");
}

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_folder(void **state)
{
	(void)state;
	arena_free(&arena);
	unlink("passwd");
	unlink("group");
	return chdir("/") != 0 || rmdir(folder) != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(names_and_numbers, write_tables),
	    cmocka_unit_test_setup(unknown_numbers_are_their_own_group, write_tables),
	    cmocka_unit_test_setup(groups_are_those_that_list_the_user, write_tables),
	    cmocka_unit_test_setup(a_group_that_is_given_is_the_only_one, write_tables),
	    cmocka_unit_test_setup(what_is_not_there_is_refused, write_tables),
	    cmocka_unit_test_setup(without_tables_numbers_are_known, write_tables),
	    cmocka_unit_test_setup(a_damaged_table_is_refused, write_tables),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
