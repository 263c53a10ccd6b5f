#include "migrate/part.h"
#include "migrate/directives.h"
#include "migrate/format/markers.h"
#include <string.h>

struct migration_part migration_up(const struct migration *migration)
{
	const struct migration_directives *directives = &migration->directives;
	return (struct migration_part){
	    .migration = migration,
	    .script = &migration->up,
	    .label = migration->label,
	    .destructive = directives->destructive,
	    .lock_timeout = directives->lock_timeout,
	    .statement_timeout = directives->statement_timeout,
	};
}

struct migration_part migration_down(const struct migration *migration, struct arena *arena)
{
	const struct migration_directives *directives = &migration->directives;
	return (struct migration_part){
	    .migration = migration,
	    .script = &migration->down,
	    .down = true,
	    .label = arena_printf(arena, "rollback of %s", migration->label),
	    .lock_timeout = directives->down_lock_timeout,
	    .statement_timeout = directives->down_statement_timeout,
	};
}

/* Whatever file it came from, it is kept as a file of its own would have it. */
bool migration_read_down(struct migration *migration, const char *text,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
	struct marked_file file = {.path = migration->file, .down = true};
	struct migration_directives directives = directives_none();
	struct sql_script down;
	size_t len = strlen(text);
	if (!markers_divide(&file, &directives, dialect, text, len, arena, err) ||
	    !sql_split(&down, dialect, text, len, migration->file, 1, arena, err) ||
	    !sql_make_runnable(&down, directives.down_no_transaction, err))
		return false;
	migration->directives = directives;
	migration->down = down;
	migration->down_text = text;
	return true;
}
