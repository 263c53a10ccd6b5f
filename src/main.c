/*
 * db-entry: waits for the database, applies what is pending, becomes the application.
 * The only exit() of its own is here; docs/ARCHITECTURE.md tells the rest.
 */
#include "base/proc.h"
#include "cmd/cmd.h"
#include "db/db.h"
#include "flow/events.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
	const struct db_program *program = argc > 1 ? db_program_for(argv[1]) : NULL;
	if (program != NULL) {
		argv[1] = argv[0]; /* it looks for itself by that name */
		exit(program->main(argc - 1, argv + 1));
	}
	proc_boot();
	stop_init();
	struct err err = {0};
	int status = 0;
	if (cmd_main(argc, argv, &status, &err))
		exit(status);
	log_error(event_of_error(&err), &err);
	exit(err_exit_code(&err));
}
