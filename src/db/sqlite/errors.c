#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME(code)                                                                                 \
	{                                                                                          \
		code, #code                                                                        \
	}

static const struct {
	int code;
	const char *name;
} names[] = {
    NAME(SQLITE_ERROR),
    NAME(SQLITE_INTERNAL),
    NAME(SQLITE_PERM),
    NAME(SQLITE_ABORT),
    NAME(SQLITE_BUSY),
    NAME(SQLITE_LOCKED),
    NAME(SQLITE_NOMEM),
    NAME(SQLITE_READONLY),
    NAME(SQLITE_INTERRUPT),
    NAME(SQLITE_IOERR),
    NAME(SQLITE_CORRUPT),
    NAME(SQLITE_NOTFOUND),
    NAME(SQLITE_FULL),
    NAME(SQLITE_CANTOPEN),
    NAME(SQLITE_PROTOCOL),
    NAME(SQLITE_SCHEMA),
    NAME(SQLITE_TOOBIG),
    NAME(SQLITE_CONSTRAINT),
    NAME(SQLITE_MISMATCH),
    NAME(SQLITE_MISUSE),
    NAME(SQLITE_NOLFS),
    NAME(SQLITE_AUTH),
    NAME(SQLITE_RANGE),
    NAME(SQLITE_NOTADB),
    NAME(SQLITE_ERROR_MISSING_COLLSEQ),
    NAME(SQLITE_ERROR_RETRY),
    NAME(SQLITE_ERROR_SNAPSHOT),
    NAME(SQLITE_IOERR_READ),
    NAME(SQLITE_IOERR_SHORT_READ),
    NAME(SQLITE_IOERR_WRITE),
    NAME(SQLITE_IOERR_FSYNC),
    NAME(SQLITE_IOERR_DIR_FSYNC),
    NAME(SQLITE_IOERR_TRUNCATE),
    NAME(SQLITE_IOERR_FSTAT),
    NAME(SQLITE_IOERR_UNLOCK),
    NAME(SQLITE_IOERR_RDLOCK),
    NAME(SQLITE_IOERR_DELETE),
    NAME(SQLITE_IOERR_NOMEM),
    NAME(SQLITE_IOERR_ACCESS),
    NAME(SQLITE_IOERR_CHECKRESERVEDLOCK),
    NAME(SQLITE_IOERR_LOCK),
    NAME(SQLITE_IOERR_CLOSE),
    NAME(SQLITE_IOERR_DIR_CLOSE),
    NAME(SQLITE_IOERR_SHMOPEN),
    NAME(SQLITE_IOERR_SHMSIZE),
    NAME(SQLITE_IOERR_SHMLOCK),
    NAME(SQLITE_IOERR_SHMMAP),
    NAME(SQLITE_IOERR_SEEK),
    NAME(SQLITE_IOERR_DELETE_NOENT),
    NAME(SQLITE_IOERR_MMAP),
    NAME(SQLITE_IOERR_GETTEMPPATH),
    NAME(SQLITE_IOERR_CONVPATH),
    NAME(SQLITE_IOERR_DATA),
    NAME(SQLITE_LOCKED_SHAREDCACHE),
    NAME(SQLITE_LOCKED_VTAB),
    NAME(SQLITE_BUSY_RECOVERY),
    NAME(SQLITE_BUSY_SNAPSHOT),
    NAME(SQLITE_BUSY_TIMEOUT),
    NAME(SQLITE_CANTOPEN_NOTEMPDIR),
    NAME(SQLITE_CANTOPEN_ISDIR),
    NAME(SQLITE_CANTOPEN_FULLPATH),
    NAME(SQLITE_CANTOPEN_CONVPATH),
    NAME(SQLITE_CANTOPEN_DIRTYWAL),
    NAME(SQLITE_CANTOPEN_SYMLINK),
    NAME(SQLITE_CORRUPT_VTAB),
    NAME(SQLITE_CORRUPT_SEQUENCE),
    NAME(SQLITE_READONLY_RECOVERY),
    NAME(SQLITE_READONLY_CANTLOCK),
    NAME(SQLITE_READONLY_ROLLBACK),
    NAME(SQLITE_READONLY_DBMOVED),
    NAME(SQLITE_READONLY_CANTINIT),
    NAME(SQLITE_READONLY_DIRECTORY),
    NAME(SQLITE_ABORT_ROLLBACK),
    NAME(SQLITE_CONSTRAINT_CHECK),
    NAME(SQLITE_CONSTRAINT_COMMITHOOK),
    NAME(SQLITE_CONSTRAINT_FOREIGNKEY),
    NAME(SQLITE_CONSTRAINT_FUNCTION),
    NAME(SQLITE_CONSTRAINT_NOTNULL),
    NAME(SQLITE_CONSTRAINT_PRIMARYKEY),
    NAME(SQLITE_CONSTRAINT_TRIGGER),
    NAME(SQLITE_CONSTRAINT_UNIQUE),
    NAME(SQLITE_CONSTRAINT_VTAB),
    NAME(SQLITE_CONSTRAINT_ROWID),
/* Not in every SQLite that db-entry is built with. */
#ifdef SQLITE_IOERR_CORRUPTFS
    NAME(SQLITE_IOERR_CORRUPTFS),
#endif
#ifdef SQLITE_CORRUPT_INDEX
    NAME(SQLITE_CORRUPT_INDEX),
#endif
#ifdef SQLITE_CONSTRAINT_DATATYPE
    NAME(SQLITE_CONSTRAINT_DATATYPE),
#endif
    NAME(SQLITE_AUTH_USER),
};

/* The low byte of an extended result code. */
static int primary(int code)
{
	return code & 0xff;
}

static const char *find_name(int code)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

const char *sqlite_error_name(int code)
{
	const char *name = find_name(code);
	if (name == NULL) /* one of a later SQLite */
		name = find_name(primary(code));
	return name == NULL ? "SQLITE_ERROR" : name;
}

static enum err_retry retry_of(int code)
{
	if (code == SQLITE_BUSY_SNAPSHOT)
		return ERR_RETRY_TRANSACTION;
	switch (primary(code)) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_RETRY;
	default:
		return ERR_FATAL;
	}
}

static void set_code(struct err *err, int code)
{
	snprintf(err->code, sizeof(err->code), "%s", sqlite_error_name(code));
}

/* What the file that `op` points at failed with last. */
static int last_error(struct sqlite_db *s, int op)
{
	int number = 0;
	sqlite3_file *file = NULL;
	if (sqlite3_file_control(s->handle, "main", op, &file) == SQLITE_OK && file != NULL &&
	    file->pMethods != NULL && file->pMethods->xFileControl != NULL)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

/* "disk I/O error" alone helps nobody: the system knows more. 0 when it doesn't. */
static int system_error(struct sqlite_db *s, int code)
{
	if ((primary(code) != SQLITE_IOERR && primary(code) != SQLITE_CANTOPEN) ||
	    s->handle == NULL)
		return 0;
	int number = sqlite3_system_errno(s->handle);
	/* Some versions forget what a commit failed with, but its file knows. */
	if (number == 0 && primary(code) == SQLITE_IOERR)
		number = last_error(s, SQLITE_FCNTL_JOURNAL_POINTER);
	if (number == 0 && primary(code) == SQLITE_IOERR)
		number = last_error(s, SQLITE_FCNTL_FILE_POINTER);
	return number;
}

/* SQLite's words, and the system's where it has some. */
static void set_message(struct sqlite_db *s, enum err_kind kind, int code, struct err *err)
{
	int number = system_error(s, code);
	err_set(err, kind, "%s%s%s", sqlite3_errmsg(s->handle), number == 0 ? "" : ": ",
	    number == 0 ? "" : strerror(number));
	set_code(err, code);
}

/* The statement is not to blame when somebody else is in the way. */
static void explain_busy(const struct sqlite_db *s, int code, struct err *err)
{
	char waited[32];
	if (primary(code) != SQLITE_BUSY || code == SQLITE_BUSY_SNAPSHOT)
		return;
	text_elapsed(stop_now() - s->busy_since, waited, sizeof(waited));
	if (s->busy_since == 0) /* no waiting would have helped */
		err_why(err, "another program has the database locked");
	else
		err_why(err, "another program has the database locked; waited %s", waited);
	err_next(err, "end what holds it (a shell, a backup, a second application), or wait longer"
		      " with DB_ENTRY_LOCK_TIMEOUT=1m or the migration's lock-timeout");
}

static void advise_damage(const struct sqlite_db *s, struct err *err)
{
	err_next(err, "sqlite3 %s 'PRAGMA integrity_check'", s->target.path);
	err_next(err, "if it is damaged, put a backup in its place");
}

static void advise_space(const struct sqlite_db *s, struct err *err)
{
	err_next(err, "free space where %s lies, then start again: df -h %s", s->target.path,
	    s->target.path);
}

/* Nor is it when the disk fails. */
static void advise_disk(struct sqlite_db *s, int code, struct err *err)
{
	int number = system_error(s, code);
	if (primary(code) == SQLITE_CORRUPT || primary(code) == SQLITE_NOTADB)
		advise_damage(s, err);
	else if (primary(code) == SQLITE_FULL || number == ENOSPC || number == EDQUOT)
		advise_space(s, err);
	else if (primary(code) == SQLITE_IOERR)
		err_next(err, "look at the disk, the volume and the system's log (dmesg), then"
			      " start again");
}

static void explain_denied(const struct sqlite_db *s, struct err *err)
{
	err_why(err, "a migration may not use %s", s->watch.denied);
	err_next(err, "remove it from the migration, or use another name");
}

bool sqlite_fail(struct sqlite_db *s, int code, struct err *err)
{
	if (primary(code) == SQLITE_NOMEM)
		err_die("out of memory");
	if (s->stop_err.kind != ERR_NONE) {
		*err = s->stop_err;
		return false;
	}
	set_message(s, ERR_DATABASE, code, err);
	err->retry = retry_of(code);
	if (s->watch.denied != NULL)
		explain_denied(s, err);
	explain_busy(s, code, err);
	advise_disk(s, code, err);
	return false;
}

/* The file or its folder can't be opened: what the system says decides. */
static enum err_kind kind_of_cantopen(int number, enum err_retry *retry)
{
	switch (number) {
	case EACCES:
	case EPERM:
		return ERR_ACCESS;
	case EROFS:
		return ERR_READ_ONLY;
	case ENOENT:
		*retry = ERR_RETRY_GRACE;
		return ERR_UNREACHABLE;
	case EMFILE:
	case ENFILE:
		*retry = ERR_RETRY_SLOWLY;
		return ERR_UNREACHABLE;
	default:
		return ERR_UNREACHABLE;
	}
}

static enum err_kind kind_of_open(const struct sqlite_db *s, int code, enum err_retry *retry)
{
	*retry = retry_of(code);
	switch (primary(code)) {
	case SQLITE_NOTADB:
		return ERR_CONFIG;
	case SQLITE_CORRUPT:
		return ERR_UNEXPECTED; /* waiting for it would be in vain */
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_ACCESS;
	case SQLITE_READONLY:
		return ERR_READ_ONLY;
	case SQLITE_CANTOPEN:
		if (s->path != NULL && access(s->path, R_OK) == 0 && access(s->path, W_OK) != 0)
			return ERR_READ_ONLY; /* what WAL mode needs can't be made beside it */
		return kind_of_cantopen(sqlite3_system_errno(s->handle), retry);
	default:
		return ERR_UNREACHABLE;
	}
}

static void advise_open(struct sqlite_db *s, int code, struct err *err)
{
	switch (primary(code)) {
	case SQLITE_NOTADB:
		err_why(err, "it is something else, or encrypted, or damaged in its first bytes");
		err_next(err,
		    "look at the path in the URL; head -c 16 %s shows \"SQLite format 3\" when"
		    " it is one",
		    s->target.path);
		break;
	case SQLITE_CORRUPT:
		err_why(err, "the file is damaged, or was made by a newer SQLite than %s",
		    sqlite3_libversion());
		advise_damage(s, err);
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		err_next(err,
		    "the file and its folder must be readable, and for a database in WAL mode"
		    " or with a journal left behind writable, for user %d",
		    (int)geteuid());
		err_next(err, "or, where nobody writes it, end the URL with ?immutable=1");
		break;
	default:
		advise_disk(s, code, err);
		break;
	}
}

bool sqlite_fail_open(struct sqlite_db *s, int code, struct err *err)
{
	if (primary(code) == SQLITE_NOMEM || s->handle == NULL)
		err_die("out of memory");
	if (s->stop_err.kind != ERR_NONE) {
		*err = s->stop_err;
		return false;
	}
	enum err_retry retry;
	enum err_kind kind = kind_of_open(s, code, &retry);
	set_message(s, kind, code, err);
	err->retry = retry;
	advise_open(s, code, err);
	return err_context(err, "%s", s->target.path);
}
