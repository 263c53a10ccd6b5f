/*
 * db-entry: waits for the database, applies what is pending, becomes the application.
 * The only exit() of the program is here; docs/ARCHITECTURE.md tells the rest.
 */
#include "base/proc.h"
#include "cmd/cmd.h"
#include "flow/events.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
	proc_boot();
	stop_init();
	struct err err = {0};
	if (cmd_main(argc, argv, &err))
		exit(0);
	log_error(event_of_error(&err), &err);
	exit(err_exit_code(&err));
}
