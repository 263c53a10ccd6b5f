/*
 * A sink: where a stream of bytes goes (a file that appears only when complete, standard output).
 *
 * write* then exactly one of commit or abort; commit makes the whole visible, abort leaves nothing.
 * Either frees the sink, whatever it returns.
 */
#ifndef DB_ENTRY_BASE_SINK_H
#define DB_ENTRY_BASE_SINK_H

#include "base/err.h"
#include "base/stop.h"
#include <sys/types.h>

struct sink;

/* Implementations put this first in their own struct. */
struct sink {
	bool (*write)(struct sink *sink, const void *data, size_t len, const struct stop *stop,
	    struct err *err);
	bool (*commit)(struct sink *sink, struct err *err);
	void (*abort)(struct sink *sink);
};

/*
 * A file written beside its final name, flushed to disk and renamed over it on commit, its folder
 * flushed too. With `exclusive` an existing file is an error, now or at the commit, and stays as it
 * is, and a commit that fails leaves nothing; otherwise one that fails at the folder has replaced
 * the file. `mode` is less the umask, as with open(2), also where a file is replaced. A symbolic
 * link stays one: what it points at is written. An existing folder, pipe or device is an error.
 */
bool sink_file(struct sink **ret, const char *path, mode_t mode, bool exclusive, struct err *err);

/*
 * The same as an exclusive sink_file() for a file that somebody makes meanwhile as `made`, in the
 * folder of `path`, with the bytes that are written here: those are dropped, commit flushes and
 * renames it, abort removes it. It need not be there before the commit.
 */
bool sink_made(struct sink **ret, const char *made, const char *path, struct err *err);

/*
 * A descriptor that stays open afterwards; what was written before an abort stays written. Waits
 * under `stop` whether the descriptor blocks or not; a reader that went away is an ordinary error.
 */
struct sink *sink_fd(int fd);

bool sink_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err);
bool sink_commit(struct sink *sink, struct err *err);

/* Accepts NULL. */
void sink_abort(struct sink *sink);

/*
 * Replace or make a file in one step: a reader sees the old or the new, never a part. By
 * sink_file(), with all it says about `mode`, symbolic links and devices.
 */
bool sink_put(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

#endif
