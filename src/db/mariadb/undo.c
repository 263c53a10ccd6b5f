/*
 * Whether a transaction can be taken back: only where all its tables are InnoDB's. What was changed
 * in others stays, and what code does that can't be seen nobody knows.
 */
#include "base/text.h"
#include "db/mariadb/reach.h"
#include "sql/names.h"

/* What is not known may do anything; setval() and the like stay done. */
static bool may_do_more(const struct my_db *s, const struct sql_script *script)
{
	bool reaches = false;
	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		enum my_calls calls = my_calls_of(s, statement);
		if (calls == MY_CALLS_UNKNOWN)
			return true;
		reaches = reaches || calls != MY_CALLS_NONE || my_reach_names(s, statement->text);
	}
	for (size_t i = 0; i < s->reach.count && reaches; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] != NULL && !text_is(row[MY_REACH_KIND], "ENGINE") &&
		    my_calls_in(s, row[MY_REACH_BODY]) == MY_CALLS_UNKNOWN)
			return true;
	}
	return false;
}

/*
 * Tables of other engines count when a statement names them, and all of them where triggers, views
 * or routines may reach what is not named.
 */
bool my_changes_for_good(
    struct my_db *s, const struct sql_script *script, bool *for_good, struct err *err)
{
	size_t engines = 0;
	bool named = false;
	if (!my_reach_read(s, script, true, err))
		return false;
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (!text_is(row[MY_REACH_KIND], "ENGINE"))
			continue;
		engines++;
		named = named || sql_script_names(script, row[MY_REACH_TABLE]);
	}
	*for_good = named || (engines > 0 && engines < s->reach.count);
	return true;
}

bool my_undoes(struct db *db, const struct sql_script *script, bool *undone,
    const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool for_good;
	if (!my_enter(s, stop, err) || !my_changes_for_good(s, script, &for_good, err))
		return false;
	*undone = !for_good && !may_do_more(s, script);
	return true;
}
