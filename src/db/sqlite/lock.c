/*
 * The migration lock: flock(2) on a file beside the database. It goes with its holder's process,
 * however that ends. Never the database file itself: closing any descriptor of it would drop the
 * POSIX locks SQLite has on it. Inside stands who holds it, for those who wait.
 */
#include "base/fs.h"
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NOTE_MAX = 1024,
	NOTE_MS = 250,  /* written no more often: a thousand small migrations would pay for it */
	BEAT_MS = 2000, /* a long statement shows at least so often that its process lives */
	CHASES = 100    /* files removed under our hands before we call it odd */
};

static bool fail_file(const char *path, struct err *err)
{
	int number = errno;
	err_errno(err,
	    number == EROFS                       ? ERR_READ_ONLY
	    : number == EACCES || number == EPERM ? ERR_ACCESS
						  : ERR_UNEXPECTED,
	    "the lock file %s", path);
	struct stat st;
	if (number != EROFS && err->kind == ERR_ACCESS && lstat(path, &st) == 0)
		err_next(err,
		    "it belongs to user %d, and this is user %d: when no db-entry runs on the"
		    " database, remove it: rm %s",
		    (int)st.st_uid, (int)geteuid(), path);
	else if (number == EROFS || err->kind == ERR_ACCESS)
		err_next(
		    err, "the folder of the database must be writable for user %d", (int)geteuid());
	return false;
}

/* As SQLite does with its own files: root makes them for the database's owner. */
static void give_to_owner(const struct sqlite_db *s, int fd)
{
	struct stat st;
	if (geteuid() == 0 && stat(s->path, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		return; /* not on this file system; it works all the same */
}

/* Is the file at `path` still the one we have open? */
static bool same_file(int fd, const char *path)
{
	struct stat ours, there;
	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

/*
 * One try: *fd is the file, locked when *taken. One of another user, root's say, can be locked
 * without the right to write to it. When it is nobody's any more it is removed, so that the next
 * try makes our own.
 */
static bool try_file(
    const struct sqlite_db *s, const char *path, int *fd, bool *taken, struct err *err)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW;
	*fd = open(path, O_RDWR | O_CREAT | flags, 0644);
	bool theirs = *fd < 0 && errno == EACCES;
	if (theirs && (*fd = open(path, O_RDONLY | flags)) < 0)
		errno = EACCES; /* and not ENOENT: it could not be made */
	if (*fd < 0)
		return fail_file(path, err);
	*taken = flock(*fd, LOCK_EX | LOCK_NB) == 0;
	if (!*taken && errno != EWOULDBLOCK && errno != EINTR) {
		if (theirs)
			errno = EACCES; /* NFS locks no file that is open for reading */
		return fail_file(path, err);
	}
	if (*taken && theirs)
		return !same_file(*fd, path) || unlink(path) == 0 || fail_file(path, err);
	if (*taken)
		give_to_owner(s, *fd);
	return true;
}

/* The value of a line "key value" of the note, with nothing in it that could upset a terminal. */
static void read_line(const char *note, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);
	while (note != NULL && (strncmp(note, key, len) != 0 || note[len] != ' ')) {
		note = strchr(note, '\n');
		note = note == NULL ? NULL : note + 1;
	}
	if (note == NULL)
		return;
	note += len + 1;
	snprintf(out, size, "%.*s", (int)strcspn(note, "\n"), note);
	for (char *c = out; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static void read_holder(int fd, struct db_holder *holder)
{
	char note[NOTE_MAX + 1];
	ssize_t len = pread(fd, note, NOTE_MAX, 0);
	note[len < 0 ? 0 : len] = '\0';
	*holder = (struct db_holder){0};
	read_line(note, "holder", holder->who, sizeof(holder->who));
	read_line(note, "since", holder->since, sizeof(holder->since));
	read_line(note, "progress", holder->progress, sizeof(holder->progress));
}

static void write_note(struct sqlite_lock *lock, const char *progress)
{
	char note[NOTE_MAX];
	int len = snprintf(note, sizeof(note), "%sprogress %s\n", lock->holder, progress);
	lock->written = stop_now();
	lock->pending = false;
	/* Best effort: who waits then sees an older note. */
	if (pwrite(lock->fd, note, (size_t)len, 0) == len && ftruncate(lock->fd, len) != 0)
		return;
}

static void hold(struct sqlite_db *s, int fd)
{
	char now[TEXT_TIME_SIZE], host[128] = "";
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	text_now(now);
	s->lock = (struct sqlite_lock){.path = s->lock.path, .fd = fd};
	snprintf(s->lock.holder, sizeof(s->lock.holder), "holder pid %d on %s\nsince %s\n",
	    (int)getpid(), host, now);
	write_note(&s->lock, "");
	s->lock.written -= NOTE_MS; /* what is said next is written at once */
}

static bool lock_file(
    struct sqlite_db *s, enum db_lock_state *state, struct db_holder *holder, struct err *err)
{
	const char *path = s->lock.path;
	for (int i = 0; i < CHASES; i++) {
		CLEANUP(fs_close) int fd = -1;
		bool taken = false;
		if (!try_file(s, path, &fd, &taken, err))
			return false;
		if (!taken) {
			read_holder(fd, holder);
			*state = DB_LOCK_BUSY;
			return true;
		}
		/* Its last holder may have removed it between our open() and our flock(). */
		if (same_file(fd, path)) {
			hold(s, fd);
			fd = -1;
			*state = DB_LOCK_TAKEN;
			return true;
		}
	}
	return err_set(err, ERR_UNEXPECTED, "the lock file %s is removed again and again", path);
}

static bool must_be_shared(const struct sqlite_db *s, struct err *err)
{
	if (!sqlite_is_mount(s->path))
		return true;
	err_set(err, ERR_CONFIG, "%s is a mount of its own", s->target.path);
	err_why(err, "its lock and its journal are files beside it, which no other container sees");
	return err_next(err, "mount its folder instead");
}

static bool take_lock(
    struct sqlite_db *s, enum db_lock_state *state, struct db_holder *holder, struct err *err)
{
	return s->lock.fd >= 0 || (must_be_shared(s, err) && lock_file(s, state, holder, err));
}

bool sqlite_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	enum db_lock_state found = DB_LOCK_TAKEN;
	if (!sqlite_enter(s, stop, err) || !take_lock(s, &found, holder, err))
		return false;
	if (found == DB_LOCK_TAKEN && !sqlite_settle(s, err)) {
		sqlite_lock_release(s);
		return false;
	}
	*state = found;
	return true;
}

void sqlite_lock_note(struct db *db, const char *progress)
{
	struct sqlite_lock *lock = &((struct sqlite_db *)db)->lock;
	if (lock->fd < 0)
		return;
	snprintf(lock->progress, sizeof(lock->progress), "%s", progress);
	lock->noted = stop_now();
	lock->pending = true;
	if (lock->noted - lock->written >= NOTE_MS)
		write_note(lock, lock->progress);
}

/* The elapsed time makes it another note each time, which is what those who wait go by. */
void sqlite_lock_beat(struct sqlite_db *s)
{
	struct sqlite_lock *lock = &s->lock;
	char elapsed[32], progress[sizeof(lock->progress)];
	if (lock->fd < 0 || lock->progress[0] == '\0')
		return;
	int64_t now = stop_now();
	if (lock->pending && now - lock->written >= NOTE_MS) {
		write_note(lock, lock->progress);
	} else if (now - lock->written >= BEAT_MS) {
		text_elapsed(now - lock->noted, elapsed, sizeof(elapsed));
		snprintf(progress, sizeof(progress), "%.200s, %s", lock->progress, elapsed);
		write_note(lock, progress);
	}
}

bool sqlite_lock_check(struct db *db, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err))
		return false;
	if (s->lock.fd < 0)
		return err_set(err, ERR_LOCK, "the migration lock is not held");
	if (!same_file(s->lock.fd, s->lock.path))
		return err_set(err, ERR_LOCK, "the lock file of %s was removed while we held it",
		    s->target.path);
	if (sqlite_moved(s))
		return err_set(
		    err, ERR_LOCK, "%s was replaced while we held its lock", s->target.path);
	return true;
}

void sqlite_lock_release(struct sqlite_db *s)
{
	if (s->lock.fd < 0)
		return;
	/* Removed before it is let go: who opened it meanwhile sees that and tries again. */
	if (same_file(s->lock.fd, s->lock.path))
		unlink(s->lock.path);
	fs_close(&s->lock.fd);
}

/*
 * The connection is closed later, and may then write its log back into the file. SQLite's own locks
 * are enough for that: it is done by the last connection alone, and the next holder's is another.
 */
bool sqlite_unlock(struct db *db, const struct stop *stop, struct err *err)
{
	(void)stop;
	(void)err;
	sqlite_lock_release((struct sqlite_db *)db);
	return true;
}
