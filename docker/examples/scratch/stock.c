/* Prints the shop's stock, then stays until it is told to stop. */

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static int print_row(void *context, int count, char **values, char **names)
{
	(void)context, (void)count, (void)names;
	return printf("%-24s %5s\n", values[0], values[1]) < 0;
}

static void stop(int number)
{
	(void)number;
	_exit(0);
}

int main(int argc, char **argv)
{
	sqlite3 *database;

	/* As process 1 a program has to ask for SIGTERM, or `docker stop` waits and kills it. */
	signal(SIGTERM, stop);
	if (argc != 2 ||
	    sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_exec(database, "SELECT name, stock FROM products ORDER BY name", print_row,
		NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "stock: %s\n",
		    argc != 2 ? "usage: stock DATABASE" : sqlite3_errmsg(database));
		return 1;
	}
	sqlite3_close(database);
	fflush(stdout);
	for (;;)
		pause();
}
