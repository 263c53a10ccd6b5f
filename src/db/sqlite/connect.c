/*
 * Connecting. A path is always given to SQLite absolute, so that none is taken for a URI or for
 * ":memory:".
 */
#include "base/fs.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder_missing(const char *folder)
{
	struct stat st;
	return stat(folder, &st) != 0 && errno == ENOENT;
}

static bool fail_folder(const struct sqlite_db *s, const char *folder, struct err *err)
{
	if (is_folder_missing(folder)) {
		err_set(err, ERR_UNREACHABLE, "%s: its folder %s does not exist", s->target.path,
		    folder);
		err->retry = ERR_RETRY_GRACE; /* the volume may still be on its way */
		return err_next(err, "mount the volume, or make the folder: mkdir -p %s", folder);
	}
	if (!fs_is_folder(folder) && errno == EACCES)
		return err_errno(err, ERR_ACCESS, "%s", folder);
	if (!fs_is_folder(folder))
		return err_set(err, ERR_CONFIG, "%s: %s is not a folder", s->target.path, folder);
	err_set(err, ERR_ACCESS, "%s: folder %s can't be entered", s->target.path, folder);
	return err_next(err, "give user %d the right to: chmod, chown", (int)geteuid());
}

/*
 * Where the file really is, so that all its names have the same lock. Once: a link that is changed
 * later must not part the lock from the database it is for.
 */
static bool resolve(struct sqlite_db *s, struct err *err)
{
	if (s->path != NULL)
		return true;
	const char *path = fs_resolve(&s->arena, s->target.path);
	if (path == NULL)
		return fail_folder(s, fs_folder_of(&s->arena, s->target.path), err);
	s->path = path;
	s->lock.path = arena_printf(&s->arena, "%s%s", path, SQLITE_LOCK_SUFFIX);
	return true;
}

/* Sets *size to -1 when there is no file. */
static bool look(const struct sqlite_db *s, int64_t *size, struct err *err)
{
	struct stat st;
	if (stat(s->path, &st) != 0) {
		if (errno != ENOENT)
			return err_errno(err, errno == EACCES ? ERR_ACCESS : ERR_UNREACHABLE, "%s",
			    s->target.path);
		*size = -1;
		return true;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_CONFIG, "%s is a %s, not a database file", s->target.path,
		    S_ISDIR(st.st_mode) ? "folder" : "device or pipe");
		return err_next(err, "name the file in the URL: sqlite:%s/app.db", s->target.path);
	}
	*size = st.st_size;
	return true;
}

/*
 * The session settings of databases we made. Without WAL, synchronous=NORMAL could lose more than
 * the last transactions.
 */
static bool set_up_session(struct sqlite_db *s, struct err *err)
{
	int64_t wal;
	return sqlite_run(s, "PRAGMA wal_autocheckpoint=1000", err) &&
	       sqlite_run(s, "PRAGMA temp_store=MEMORY", err) &&
	       sqlite_run(s, "PRAGMA cache_size=-64000", err) &&
	       sqlite_number(s,
		   "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'", &wal,
		   err) &&
	       (wal == 0 || sqlite_run(s, "PRAGMA synchronous=NORMAL", err));
}

static bool set_up_new(struct sqlite_db *s, struct err *err)
{
	/* WAL needs shared memory, which a network file system can't give. */
	return fs_is_network(s->path) || sqlite_run(s, "PRAGMA journal_mode=WAL", err);
}

static bool open_file(struct sqlite_db *s, const char *path, int flags, struct err *err)
{
	int code = sqlite3_open_v2(path, &s->handle, flags | SQLITE_OPEN_NOMUTEX, s->target.vfs);
	if (code == SQLITE_OK) {
		sqlite_watch(s);
		return true;
	}
	if (s->handle != NULL)
		code = sqlite3_extended_errcode(s->handle);
	sqlite_fail_open(s, code, err);
	sqlite_disconnect(s);
	return false;
}

/* The first query: reads the header and the schema, so what is no database shows here. */
static bool ask(struct sqlite_db *s, struct err *err)
{
	static const char first[] = "SELECT 1 FROM main.sqlite_master LIMIT 1";
	int code = sqlite3_exec(s->handle, first, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return true;
	sqlite_fail_open(s, code, err);
	return false;
}

/* Only a URI can tell SQLite, and a WAL on read-only media can't be opened in any other way. */
static bool open_immutable(struct sqlite_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf uri = buf_init(URI_MAX);
	buf_add_text(&uri, "file:");
	url_encode(s->path, &uri);
	buf_add_text(&uri, "?immutable=1");
	return open_file(s, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
}

static bool open_real(struct sqlite_db *s, bool make, struct err *err)
{
	int flags = s->target.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	if (s->target.immutable
		? !open_immutable(s, err)
		: !open_file(s, s->path, make ? flags | SQLITE_OPEN_CREATE : flags, err))
		return false;
	bool ours = make || s->made_by_us;
	sqlite_keys_on(s);
	if (ask(s, err) && (!make || set_up_new(s, err)) && (!ours || set_up_session(s, err))) {
		s->exists = true;
		s->made_by_us = ours;
		return true;
	}
	sqlite_disconnect(s);
	return false;
}

/* An empty database that nothing can be written to, until lock_try() makes the real one. */
static bool open_stand_in(struct sqlite_db *s, struct err *err)
{
	if (!open_file(s, ":memory:", SQLITE_OPEN_READWRITE, err))
		return false;
	s->exists = false;
	if (sqlite_run(s, "PRAGMA query_only=ON", err))
		return true;
	sqlite_disconnect(s);
	return false;
}

bool sqlite_connect(struct sqlite_db *s, struct err *err)
{
	int64_t size = -1;
	if (!resolve(s, err) || !look(s, &size, err))
		return false;
	return size < 0 ? open_stand_in(s, err) : open_real(s, false, err);
}

/* Some pragmas reach beyond their connection, to the whole process. */
static void undo_process_pragmas(void)
{
	sqlite3_soft_heap_limit64(0);
	sqlite3_hard_heap_limit64(0);
	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = NULL;
}

void sqlite_disconnect(struct sqlite_db *s)
{
	sqlite_finalize(&s->last);
	sqlite3_close_v2(s->handle);
	s->handle = NULL;
	s->in_transaction = false;
	s->keys_off = false;
	s->checked = false;
	if (s->watch.session)
		undo_process_pragmas();
	s->watch = (struct sqlite_watch){0};
	sqlite_violations_forget(s);
}

bool sqlite_reconnect(struct sqlite_db *s, struct err *err)
{
	sqlite_disconnect(s);
	return sqlite_connect(s, err);
}

bool sqlite_moved(struct sqlite_db *s)
{
	int moved = 0;
	if (!s->exists || s->handle == NULL)
		return false;
	/* A VFS that can't tell leaves it 0. */
	sqlite3_file_control(s->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

static bool may_make(const struct sqlite_db *s, struct err *err)
{
	if (!s->target.read_only && !s->target.must_exist)
		return true;
	err_set(err, ERR_CONFIG, "%s does not exist, and the URL's mode forbids making it",
	    s->target.path);
	return err_next(err, "use mode=rwc, or leave the mode out");
}

bool sqlite_settle(struct sqlite_db *s, struct err *err)
{
	int64_t size = -1;
	if (sqlite_moved(s) && !sqlite_reconnect(s, err))
		return false;
	if (!look(s, &size, err))
		return false;
	if (size > 0)
		return s->exists || sqlite_reconnect(s, err); /* somebody made it meanwhile */
	/* A file without a byte is what a crash leaves of one being made. */
	if (!s->create || (size == 0 && s->target.read_only))
		return size < 0 || s->exists || sqlite_reconnect(s, err);
	if (size < 0 && !may_make(s, err))
		return false;
	sqlite_disconnect(s);
	return open_real(s, true, err);
}
