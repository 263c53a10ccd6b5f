/*
 * The folder: which one, and who is at work in it. Locks are those of open file descriptions on a
 * hidden file: byte 0 is shared by everybody who makes something, byte 1 is for one who changes the
 * catalogue. Whoever gets byte 0 alone knows that all unfinished files are left-overs.
 */
#include "base/fs.h"
#include "base/text.h"
#include "dump/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_FILE ".db-entry.lock"

enum {
	MOUNTINFO_MAX = 16 << 20,
	PAUSE_MS = 20
};

bool dump_failed(struct err *err)
{
	if (err->kind != ERR_STOPPED && err->kind != ERR_TIMEOUT && err->kind != ERR_MALFORMED)
		err->kind = ERR_DUMP;
	return false;
}

/* --- Where --- */

/* The next word of a line of mountinfo, its \ooo undone. */
static const char *take_word(const char **at, const char *end, struct arena *arena)
{
	size_t len = 0;
	char *word = arena_strndup(arena, *at, (size_t)(end - *at));
	const char *from = *at;
	for (; from < end && *from != ' '; from++) {
		if (*from == '\\' && end - from > 3 && strspn(from + 1, "01234567") >= 3) {
			word[len++] =
			    (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 3;
		} else {
			word[len++] = *from;
		}
	}
	word[len] = '\0';
	*at = from + (from < end);
	return word;
}

struct mount {
	const char *root, *point, *type;
};

/* "36 35 98:0 /root /point options [fields…] - type source options" */
static bool read_mount(struct mount *mount, const char *line, const char *end, struct arena *arena)
{
	for (int i = 0; i < 3; i++)
		take_word(&line, end, arena);
	mount->root = take_word(&line, end, arena);
	mount->point = take_word(&line, end, arena);
	while (line < end)
		if (text_is(take_word(&line, end, arena), "-")) {
			mount->type = take_word(&line, end, arena);
			return true;
		}
	return false;
}

static bool is_below(const char *path, const char *point)
{
	size_t len = strlen(point);
	if (text_is(point, "/"))
		return true;
	return strncmp(path, point, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Of two mounts on one point the later hides the earlier. */
static bool find_mount(
    struct mount *found, const char *mountinfo, const char *path, struct arena *arena)
{
	bool any = false;
	for (const char *line = mountinfo; *line != '\0';) {
		const char *end = line + strcspn(line, "\n");
		struct mount mount = {0};
		if (read_mount(&mount, line, end, arena) && is_below(path, mount.point) &&
		    (!any || strlen(mount.point) >= strlen(found->point))) {
			*found = mount;
			any = true;
		}
		line = end + (*end == '\n');
	}
	return any;
}

bool dump_is_durable(
    const char *mountinfo, const char *path, const char **what, struct arena *arena)
{
	static const char *const fleeting[] = {
	    "overlay", "fuse.fuse-overlayfs", "aufs", "tmpfs", "ramfs", "rootfs", "squashfs"};
	struct mount mount = {0};
	if (!find_mount(&mount, mountinfo, path, arena)) {
		*what = "a file system that is not in /proc/self/mountinfo";
		return false;
	}
	*what = mount.type;
	for (size_t i = 0; i < sizeof(fleeting) / sizeof(fleeting[0]); i++)
		if (text_is(mount.type, fleeting[i]))
			return false;
	if (strstr(mount.root, "/kubernetes.io~empty-dir/") == NULL)
		return true;
	*what = "an emptyDir";
	return false;
}

/* The nearest folder above that is there. */
static const char *existing(struct arena *arena, const char *path)
{
	for (;;) {
		char *whole = realpath(path, NULL);
		if (whole != NULL) {
			const char *kept = arena_strdup(arena, whole);
			free(whole);
			return kept;
		}
		if (text_is(path, "/") || text_is(path, "."))
			return "/";
		path = fs_folder_of(arena, path);
	}
}

static bool can_write(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

static bool suits(const char *folder, const char *mountinfo, struct buf *why, struct arena *arena)
{
	const char *place = existing(arena, folder), *what;
	if (!dump_is_durable(mountinfo, place, &what, arena)) {
		buf_printf(why, "%s%s is on %s, which goes with the container",
		    why->len > 0 ? "\n" : "", folder, what);
		return false;
	}
	if (can_write(place))
		return true;
	buf_printf(why, "%s%s can't be written by user %d", why->len > 0 ? "\n" : "", folder,
	    (int)geteuid());
	return false;
}

void dump_find_folder(const char **folder, const char *given, const char *beside, struct buf *why,
    struct arena *arena)
{
	static const char *const standard[] = {
	    "/backups", "/data/backups", "/var/lib/db-entry", "db/backups"};
	CLEANUP(buf_free) struct buf mounts = buf_init(MOUNTINFO_MAX);
	struct err ignored; /* then nothing is known to be durable */
	*folder = given;
	if (given != NULL)
		return;
	if (!fs_read("/proc/self/mountinfo", &mounts, ERR_DUMP, &ignored))
		buf_reset(&mounts);
	const char *text = mounts.len == 0 ? "" : mounts.data;
	if (beside != NULL && suits(beside, text, why, arena)) {
		*folder = beside;
		return;
	}
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		if (fs_is_folder(standard[i]) && suits(standard[i], text, why, arena)) {
			*folder = standard[i];
			return;
		}
	}
}

/* --- Who --- */

static bool try_lock(int fd, short type, off_t byte)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* File systems without locks have none to wait for. */
static bool lock_byte(int fd, short type, off_t byte, const struct stop *stop, struct err *err)
{
	while (!try_lock(fd, type, byte)) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return true;
		if (!stop_sleep(stop, PAUSE_MS, err))
			return false;
	}
	return true;
}

/* Best effort: one that stays is hidden. */
static void sweep(const char *folder, const char *prefix)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct err ignored;
	char **names;
	size_t count;
	if (!fs_list(folder, &arena, &names, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		if (text_starts(names[i], prefix) && text_ends(names[i], DUMP_TEMPORARY))
			unlink(arena_printf(&arena, "%s/%s", folder, names[i]));
}

static bool open_lock(int *fd, const char *folder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *path = arena_printf(&arena, "%s/%s", folder, LOCK_FILE);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd >= 0)
		return true;
	err_errno(err, ERR_DUMP, "the dump folder %s", folder);
	return err_next(err, "make it writable for user %d, or name another: DB_ENTRY_DUMP_DIR",
	    (int)geteuid());
}

bool dump_enter(int *ret, const char *folder, const struct stop *stop, struct err *err)
{
	CLEANUP(fs_close) int fd = -1;
	if (!fs_make_folders(folder, 0700, err)) {
		err_next(err, "make it, writable for user %d, or name another: DB_ENTRY_DUMP_DIR",
		    (int)geteuid());
		return dump_failed(err);
	}
	if (!open_lock(&fd, folder, err))
		return false;
	if (try_lock(fd, F_WRLCK, 0))
		sweep(folder, "." DUMP_PREFIX);
	if (!lock_byte(fd, F_RDLCK, 0, stop, err))
		return false;
	*ret = fd;
	fd = -1;
	return true;
}

bool dump_lock_catalogue(int *ret, const char *folder, const struct stop *stop, struct err *err)
{
	CLEANUP(fs_close) int fd = -1;
	if (!open_lock(&fd, folder, err) || !lock_byte(fd, F_WRLCK, 1, stop, err))
		return false;
	if (try_lock(fd, F_WRLCK, 1)) /* there are locks here, and it is ours alone */
		sweep(folder, ".backups.json.");
	*ret = fd;
	fd = -1;
	return true;
}
