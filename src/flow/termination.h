/* The message a container leaves behind for its orchestrator. */
#ifndef DB_ENTRY_FLOW_TERMINATION_H
#define DB_ENTRY_FLOW_TERMINATION_H

#include "base/err.h"

enum {
	TERMINATION_MAX = 4096 /* what Kubernetes keeps of one container's */
};

/*
 * Put the error as log_error_text() into the file, in place of what it holds, cut to
 * TERMINATION_MAX bytes. The file must be there already, and a regular one; nothing happens where
 * it can't be written: a message that can't be left is no failure.
 */
void termination_write(const char *path, const struct err *err);

#endif
