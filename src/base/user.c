#include "base/user.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MOST = 16 << 20,
	FIELDS = 7 /* of a line of passwd; group has four of them */
};

#define ID_MOST 4294967294 /* the next one means "none" */

/* Of a passwd line. */
enum {
	USER_NAME,
	USER_ID = 2,
	USER_GROUP = 3,
	USER_HOME = 5
};

/* Of a group line. */
enum {
	GROUP_NAME,
	GROUP_ID = 2,
	GROUP_MEMBERS = 3
};

static bool is_id(const char *text, int64_t *id)
{
	struct err ignored;
	return text != NULL && text_int(text, 0, ID_MOST, id, &ignored);
}

/* A file's text, in the arena; "" when there is none. */
static bool read_table(
    char **text, const char *folder, const char *name, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf content = buf_init(FILE_MOST);
	const char *path = arena_printf(arena, "%s/%s", folder, name);
	struct stat info;

	if (stat(path, &info) == 0 || errno != ENOENT)
		if (!fs_read(path, &content, ERR_CONFIG, err))
			return false;
	if (content.len > 0 && memchr(content.data, '\0', content.len) != NULL)
		return err_set(err, ERR_CONFIG, "%s holds a NUL byte", path);
	*text = arena_strndup(arena, content.len == 0 ? "" : content.data, content.len);
	return true;
}

/* Divide the next line at its colons, in place; fields that are missing are NULL. */
static bool next_line(char **at, char *fields[FIELDS])
{
	char *line = *at;

	if (*line == '\0')
		return false;
	char *end = strchrnul(line, '\n');
	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	for (int i = 0; i < FIELDS; i++) {
		char *colon = line == NULL ? NULL : strchr(line, ':');
		fields[i] = line;
		if (colon != NULL)
			*colon = '\0';
		line = colon == NULL ? NULL : colon + 1;
	}
	return true;
}

/* By name, or else by number: the fields of its line; fields[0] is NULL when there is none. */
static void find_line(
    char *fields[FIELDS], const char *table, int id_field, const char *wanted, struct arena *arena)
{
	char *by_number[FIELDS] = {0};
	char *at = arena_strdup(arena, table);
	int64_t number = -1;
	int64_t found;

	is_id(wanted, &number);
	while (next_line(&at, fields)) {
		if (!is_id(fields[id_field], &found))
			continue;
		if (text_is(fields[0], wanted))
			return;
		if (found == number && by_number[0] == NULL)
			memcpy(by_number, fields, sizeof(by_number));
	}
	memcpy(fields, by_number, sizeof(by_number));
}

static bool is_member(const char *members, const char *name)
{
	size_t len = strlen(name);

	while (members != NULL && *members != '\0') {
		size_t size = strcspn(members, ",");
		if (size == len && memcmp(members, name, len) == 0)
			return true;
		members += size + (members[size] == ',');
	}
	return false;
}

static void add_group(struct user *user, gid_t gid, size_t *capacity, struct arena *arena)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return;
	user->groups =
	    arena_grow(arena, user->groups, user->group_count, capacity, sizeof(*user->groups));
	user->groups[user->group_count++] = gid;
}

/* `name` is as passwd has it; NULL when it hasn't. */
static void find_groups(struct user *user, const char *name, const char *table, struct arena *arena)
{
	char *fields[FIELDS];
	char *at = arena_strdup(arena, table);
	size_t capacity = 0;
	int64_t id;

	add_group(user, user->gid, &capacity, arena);
	while (!user->group_given && name != NULL && next_line(&at, fields))
		if (is_id(fields[GROUP_ID], &id) && is_member(fields[GROUP_MEMBERS], name))
			add_group(user, (gid_t)id, &capacity, arena);
}

static bool no_such(const char *what, const char *name, const char *file, struct err *err)
{
	err_set(err, ERR_CONFIG, "no %s %s in %s", what, name, file);
	return err_next(err, "add it to the image, or give numbers, such as 1000:1000");
}

static bool find_user(struct user *user, const char *name, const char *table, char **known,
    struct arena *arena, struct err *err)
{
	char *fields[FIELDS] = {0};
	int64_t uid;
	int64_t gid;

	find_line(fields, table, USER_ID, name, arena);
	*known = fields[USER_NAME];
	user->home = "/";
	if (*known == NULL) {
		if (!is_id(name, &uid))
			return no_such("user", name, "/etc/passwd", err);
		user->uid = (uid_t)uid;
		user->gid = (gid_t)uid;
		return true;
	}
	if (!is_id(fields[USER_ID], &uid) || !is_id(fields[USER_GROUP], &gid))
		return err_set(err, ERR_CONFIG, "/etc/passwd has no group for user %s", name);
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	if (fields[USER_HOME] != NULL && *fields[USER_HOME] != '\0')
		user->home = fields[USER_HOME];
	return true;
}

static bool find_group(
    struct user *user, const char *name, const char *table, struct arena *arena, struct err *err)
{
	char *fields[FIELDS] = {0};
	int64_t gid;

	find_line(fields, table, GROUP_ID, name, arena);
	if (!is_id(fields[GROUP_NAME] == NULL ? name : fields[GROUP_ID], &gid))
		return no_such("group", name, "/etc/group", err);
	user->gid = (gid_t)gid;
	user->group_given = true;
	return true;
}

bool user_find(
    struct user *user, const char *text, const char *folder, struct arena *arena, struct err *err)
{
	struct user found = {0};
	const char *colon = strchr(text, ':');
	const char *name =
	    colon == NULL ? text : arena_strndup(arena, text, (size_t)(colon - text));
	char *users;
	char *groups;
	char *known;

	if (*name == '\0' || (colon != NULL && colon[1] == '\0'))
		return err_set(err, ERR_CONFIG, "\"%s\" is neither USER nor USER:GROUP", text);
	if (!read_table(&users, folder, "passwd", arena, err) ||
	    !read_table(&groups, folder, "group", arena, err) ||
	    !find_user(&found, name, users, &known, arena, err) ||
	    (colon != NULL && !find_group(&found, colon + 1, groups, arena, err)))
		return false;
	find_groups(&found, known, groups, arena);
	*user = found;
	return true;
}

bool user_is_ours(const struct user *user)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uids[i] != user->uid || (user->group_given && gids[i] != user->gid))
			return false;
	return true;
}

/* In this order: without the user's rights the groups could no longer be set. */
bool user_become(const struct user *user)
{
	return setgroups(user->group_count, user->groups) == 0 &&
	       setresgid(user->gid, user->gid, user->gid) == 0 &&
	       setresuid(user->uid, user->uid, user->uid) == 0;
}

void user_give_streams(const struct user *user)
{
	struct stat info;

	for (int fd = 0; fd <= 2; fd++) {
		if (fstat(fd, &info) < 0 || (!S_ISFIFO(info.st_mode) && !isatty(fd)))
			continue;
		int given = fchown(fd, user->uid, (gid_t)-1);
		(void)given; /* it can still be written, only not opened anew */
	}
}

bool user_explain(const struct user *user, int error, struct err *err)
{
	errno = error;
	err_errno(err, ERR_CONFIG, "can't become user %u with group %u", (unsigned)user->uid,
	    (unsigned)user->gid);
	if (error == EINVAL)
		return err_why(err, "this container's user namespace has no such user or group");
	if (error != EPERM)
		return false;
	if (geteuid() != 0) {
		err_why(
		    err, "only root may, and this process runs as user %u", (unsigned)geteuid());
		return err_next(
		    err, "start the container as root, or leave the change of user to its runtime");
	}
	err_why(err, "this process is root without the capabilities SETUID and SETGID");
	return err_next(err, "give the container both (cap_add), or start it as that user");
}
