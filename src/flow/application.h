/* The application as the command line and the settings say it is to be started. */
#ifndef DB_ENTRY_FLOW_APPLICATION_H
#define DB_ENTRY_FLOW_APPLICATION_H

#include "base/arena.h"
#include "base/proc.h"
#include "flow/config.h"

struct application {
	struct arena arena;
	struct user user;
	struct proc_start start;
};

/*
 * Read the settings and look whether it can be started: for saying so before anything is changed.
 * `argv` is kept. Errors as proc_check(), and ERR_CONFIG. Close with application_free() whatever it
 * returns.
 */
bool application_read(
    struct application *application, const struct config *config, char **argv, struct err *err);

/* Safe on a zeroed application and twice. */
void application_free(struct application *application);

#endif
