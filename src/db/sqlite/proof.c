/* What a migration's statements touch, and what of it must be there at the end. */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include "sql/risk.h"
#include <stdlib.h>

static struct proof_table *find_table(struct sqlite_proof *proof, const char *now)
{
	for (size_t i = 0; i < proof->count; i++)
		if (proof->tables[i].now != NULL && text_is_nocase(proof->tables[i].now, now))
			return &proof->tables[i];
	return NULL;
}

/* Adding a row may take one away: a constraint that replaces, a module with its own mind. */
static bool may_replace(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	return proof_ask(s,
	    "SELECT sql LIKE '%replace%' OR sql LIKE 'create virtual%' FROM main.sqlite_master"
	    " WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
	    table, yes, err);
}

static void apply_skips(struct sqlite_proof *proof, struct proof_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		struct proof_column *column = &table->columns[i];
		if (proof_find_free(proof, table->name, column->name) != NULL)
			column->skip = true;
		for (size_t j = 0; j < proof->skip_count; j++)
			if (text_is_nocase(proof->skips[j].table, table->name) &&
			    text_is_nocase(proof->skips[j].column, column->name)) {
				column->loose = proof->skips[j].loose;
				column->gone = !column->loose;
				column->skip = column->skip || column->gone;
			}
	}
}

static const char *origin_of(const struct sqlite_proof *proof, const char *now)
{
	for (size_t i = proof->alias_count; i > 0; i--)
		if (text_is_nocase(proof->aliases[i - 1].now, now))
			return proof->aliases[i - 1].origin;
	return now;
}

/*
 * Outside a transaction reading alone decided, and it can't see as far as triggers and cascades
 * reach.
 */
static bool check_reach(struct sqlite_db *s, const char *name, struct err *err)
{
	struct risk risk;
	bool yes = false;
	risk_of(&risk, &dialect_sqlite, s->proof.running, &s->proof.statement);
	if (risk_names_table(&risk, name))
		return true;
	if (!proof_exists(s, name, &yes, err) || (yes && !proof_has_rows(s, name, &yes, err)))
		return false;
	if (!yes)
		return true;
	err_set(err, ERR_DATABASE,
	    "it reaches rows of %s by a trigger or a foreign key, which only a transaction can "
	    "undo",
	    name);
	return err_next(err, "put it in a migration without no-transaction");
}

static bool has_name(const struct proof_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (text_is_nocase(names->items[i], name))
			return true;
	return false;
}

static void add_name(struct sqlite_proof *proof, struct proof_names *names, const char *name)
{
	if (has_name(names, name))
		return;
	names->items = arena_grow(
	    &proof->run, names->items, names->count, &names->capacity, sizeof(*names->items));
	names->items[names->count++] = arena_strdup(&proof->run, name);
}

/*
 * Rows that were added before are counted as if they had been there. When that makes a difference,
 * the second pass begins to compare before the first of them.
 */
static void note_early(struct sqlite_proof *proof, const char *now)
{
	for (size_t i = 0; i < proof->added_count; i++)
		if (text_is_nocase(proof->added[i].now, now))
			add_name(proof, &proof->early, proof->added[i].name);
}

static void note_added(struct sqlite_proof *proof, const char *name)
{
	for (size_t i = 0; i < proof->added_count; i++)
		if (text_is_nocase(proof->added[i].now, name))
			return;
	proof->added = arena_grow(&proof->transaction, proof->added, proof->added_count,
	    &proof->added_capacity, sizeof(*proof->added));
	name = arena_strdup(&proof->transaction, name);
	proof->added[proof->added_count++] = (struct proof_added){name, name};
}

static bool hash_table(
    struct sqlite_db *s, struct proof_table *table, struct proof_scan *scan, struct err *err)
{
	apply_skips(&s->proof, table);
	if (proof_scan(s, table->name, table, scan, true, err))
		return true;
	free(scan->hashes);
	return false;
}

/* Before a table is touched for the first time: what does it hold? */
static bool touch(struct sqlite_db *s, const char *name, struct err *err)
{
	struct sqlite_proof *proof = &s->proof;
	struct proof_scan scan = {.detailed = proof->detailed};
	bool yes = false;
	if (!s->in_transaction)
		return check_reach(s, name, err);
	if (find_table(proof, name) != NULL)
		return true;
	if (!proof_exists(s, name, &yes, err))
		return false;
	if (!yes)
		return true;
	const char *kept = arena_strdup(&proof->transaction, name);
	struct proof_table table = {.name = kept, .now = kept, .origin = origin_of(proof, kept)};
	if (!proof_kind(s, name, &table.kind, err))
		return false;
	if (table.kind == PROOF_DERIVED)
		return true;
	note_early(proof, name);
	if (table.kind == PROOF_BLIND) {
		scan.rows = 1; /* nobody can tell that there are none */
	} else if (!proof_columns(s, &table, err) || !hash_table(s, &table, &scan, err)) {
		return false;
	}
	table.rows = scan.rows;
	table.changes = sqlite3_total_changes(s->handle);
	table.sum = scan.sum;
	table.hashes = scan.hashes;
	proof->tables = arena_grow(
	    &proof->transaction, proof->tables, proof->count, &proof->capacity, sizeof(table));
	proof->tables[proof->count++] = table;
	return true;
}

/* A trigger that only adds rows loses none; which one fires is not asked. */
static bool trigger_may_replace(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	return may_replace(s, table, yes, err) &&
	       (*yes || proof_ask(s,
			    "SELECT count(*) > 0 FROM (SELECT type, sql FROM main.sqlite_master"
			    " UNION ALL SELECT type, sql FROM temp.sqlite_master)"
			    " WHERE type = 'trigger' AND sql LIKE '%replace%' AND ?1 <> ''",
			    table, yes, err));
}

static bool insert(
    struct sqlite_db *s, const struct proof_effect *effect, bool conflict, struct err *err)
{
	bool yes = false;
	if (effect->trigger && !conflict && !s->in_transaction) {
		if (!trigger_may_replace(s, effect->table, &yes, err))
			return false;
		return !yes || touch(s, effect->table, err);
	}
	if (conflict || effect->trigger || has_name(&s->proof.early, effect->table))
		return touch(s, effect->table, err);
	if (find_table(&s->proof, effect->table) != NULL)
		return true;
	if (!may_replace(s, effect->table, &yes, err))
		return false;
	if (yes)
		return touch(s, effect->table, err);
	if (!proof_exists(s, effect->table, &yes, err))
		return false;
	if (yes && !proof_has_rows(s, effect->table, &yes, err))
		return false;
	if (yes)
		note_added(&s->proof, effect->table);
	else
		proof_add_free(&s->proof, effect->table, NULL);
	return true;
}

void proof_skip(struct sqlite_proof *proof, const char *table, const char *column, bool loose)
{
	for (size_t i = 0; i < proof->skip_count; i++) {
		struct proof_skip *skip = &proof->skips[i];
		if (!text_is_nocase(skip->table, table) || !text_is_nocase(skip->column, column))
			continue;
		skip->loose = skip->loose && loose;
		return;
	}
	proof->skips = arena_grow(&proof->run, proof->skips, proof->skip_count,
	    &proof->skip_capacity, sizeof(*proof->skips));
	proof->skips[proof->skip_count++] =
	    (struct proof_skip){.table = arena_strdup(&proof->run, table),
		.column = arena_strdup(&proof->run, column),
		.loose = loose};
}

/*
 * An UPDATE under a WHERE is told, not counted as lost: unless its condition holds for every row,
 * as a first pass finds, or the table is compared for another reason. Then all of it is.
 */
static void suspect(struct sqlite_proof *proof, const char *table)
{
	if (has_name(&proof->suspects, table))
		return;
	add_name(proof, &proof->suspects, table);
	proof->again = true;
}

/* Did the UPDATE that just ran change every row? One row alone is no sign of that. */
static bool changed_all(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	char *sql =
	    sqlite3_mprintf("SELECT count(*) > 1 AND count(*) = %d AND ?1 <> '' FROM main.\"%w\"",
		sqlite3_changes(s->handle), table);
	if (sql == NULL)
		err_die("out of memory");
	bool ok = proof_ask(s, sql, table, yes, err);
	sqlite3_free(sql);
	return ok;
}

static void suspect_everywhere(struct sqlite_db *s, const char *table)
{
	bool yes = false;
	struct err ignored; /* what can't be counted is compared */
	if (find_table(&s->proof, table) == NULL && (!changed_all(s, table, &yes, &ignored) || yes))
		suspect(&s->proof, table);
}

bool proof_guard(struct sqlite_db *s, struct err *err)
{
	bool yes = false;
	if (!changed_all(s, s->proof.guarded, &yes, err))
		return false;
	if (!yes)
		return true;
	err_set(err, ERR_DATABASE,
	    "its WHERE holds for every row of %s, so all of them would be overwritten",
	    s->proof.guarded);
	return err_next(err,
	    "leave out the WHERE, and approve it; or put it in a migration without "
	    "no-transaction");
}

static bool update(struct sqlite_db *s, const struct proof_effect *effect, bool conflict,
    bool under_where, struct err *err)
{
	bool yes = false;
	if (!effect->trigger && !conflict &&
	    proof_find_free(&s->proof, effect->table, effect->column) != NULL)
		return true;
	if (effect->trigger || conflict || !under_where ||
	    has_name(&s->proof.suspects, effect->table))
		return touch(s, effect->table, err);
	if (!may_replace(s, effect->table, &yes, err))
		return false;
	if (yes)
		return touch(s, effect->table, err);
	if (!s->in_transaction)
		s->proof.guarded = effect->table;
	return true;
}

static bool alter(struct sqlite_db *s, const struct proof_effect *effect,
    const struct sql_statement *statement, struct err *err)
{
	struct sql_alter what;
	if (!sql_alter_of(
		&what, &dialect_sqlite, statement->text, statement->len, &s->proof.statement))
		return touch(s, effect->table, err);
	if (what.action != SQL_ALTER_DROP)
		return true;
	if (proof_find_free(&s->proof, effect->table, what.column) != NULL)
		return true;
	return touch(s, effect->table, err);
}

static bool look_at(struct sqlite_db *s, const struct proof_effect *effect,
    const struct sql_statement *statement, bool alters, struct err *err)
{
	bool conflict = sql_has_word(&dialect_sqlite, statement->text, statement->len, "REPLACE");
	bool yes = false;
	if (proof_find_free(&s->proof, effect->table, NULL) != NULL)
		return true;
	switch (effect->action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VTABLE:
		if (!proof_exists(s, effect->table, &yes, err))
			return false;
		if (!yes)
			proof_add_free(&s->proof, effect->table, NULL);
		return true;
	case SQLITE_INSERT:
		return insert(s, effect, conflict, err);
	case SQLITE_UPDATE:
		return alters ||
		       update(s, effect, conflict,
			   sql_is_update_where(&dialect_sqlite, statement->text, statement->len),
			   err);
	case SQLITE_ALTER_TABLE:
		return alter(s, effect, statement, err);
	default:
		return touch(s, effect->table, err);
	}
}

static bool is_write(int action)
{
	return action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
}

/*
 * The authorizer names triggers, but not the actions of foreign keys. The statement's own table
 * comes first; what it writes elsewhere is indirect.
 */
static void mark_indirect(struct sqlite_proof *proof)
{
	const char *own = NULL;
	for (size_t i = 0; i < proof->effect_count; i++) {
		struct proof_effect *effect = &proof->effects[i];
		if (!is_write(effect->action))
			continue;
		if (own == NULL)
			own = effect->table;
		if (!text_is_nocase(effect->table, own))
			effect->trigger = true;
	}
}

bool proof_before(struct sqlite_db *s, const struct sql_statement *statement, struct err *err)
{
	struct sqlite_proof *proof = &s->proof;
	bool alters = false;
	proof->running = statement;
	for (size_t i = 0; i < proof->effect_count; i++)
		alters = alters || proof->effects[i].action == SQLITE_ALTER_TABLE;
	mark_indirect(proof);
	for (size_t i = 0; i < proof->effect_count; i++)
		if (!look_at(s, &proof->effects[i], statement, alters, err))
			return false;
	return proof_taint(s, err);
}

static void rename_table(struct sqlite_proof *proof, const char *from, const char *to)
{
	struct proof_table *table = find_table(proof, from);
	struct proof_alias alias = {origin_of(proof, arena_strdup(&proof->transaction, from)),
	    arena_strdup(&proof->transaction, to)};
	proof->aliases = arena_grow(&proof->transaction, proof->aliases, proof->alias_count,
	    &proof->alias_capacity, sizeof(alias));
	proof->aliases[proof->alias_count++] = alias;
	if (table != NULL)
		table->now = arena_strdup(&proof->transaction, to);
	for (size_t i = 0; i < proof->added_count; i++)
		if (text_is_nocase(proof->added[i].now, from))
			proof->added[i].now = arena_strdup(&proof->transaction, to);
	for (size_t i = 0; i < proof->free.count; i++)
		if (text_is_nocase(proof->free.items[i].table, from))
			proof->free.items[i].table = arena_strdup(&proof->run, to);
}

static void rename_column(
    struct sqlite_proof *proof, const char *name, const char *from, const char *to)
{
	struct proof_table *table = find_table(proof, name);
	struct proof_free *added = proof_find_free(proof, name, from);
	for (size_t i = 0; table != NULL && i < table->column_count; i++)
		if (text_is_nocase(table->columns[i].now, from))
			table->columns[i].now = arena_strdup(&proof->transaction, to);
	if (added != NULL)
		added->column = arena_strdup(&proof->run, to);
}

static void drop_column(struct sqlite_proof *proof, const char *name, const char *column)
{
	struct proof_table *table = find_table(proof, name);
	struct proof_free *added = proof_find_free(proof, name, column);
	if (added != NULL) {
		*added = proof->free.items[--proof->free.count];
		return;
	}
	for (size_t i = 0; table != NULL && i < table->column_count; i++)
		if (text_is_nocase(table->columns[i].now, column))
			table->columns[i].dropped = true;
}

static void altered(struct sqlite_db *s, const struct sql_statement *statement)
{
	struct sqlite_proof *proof = &s->proof;
	struct sql_alter what;
	if (!sql_alter_of(
		&what, &dialect_sqlite, statement->text, statement->len, &proof->statement))
		return;
	switch (what.action) {
	case SQL_ALTER_ADD:
		if (proof_find_free(proof, what.table, NULL) == NULL)
			proof_add_free(proof, what.table, what.column);
		break;
	case SQL_ALTER_DROP:
		drop_column(proof, what.table, what.column);
		break;
	case SQL_ALTER_RENAME:
		rename_table(proof, what.table, what.to);
		break;
	case SQL_ALTER_RENAME_COLUMN:
		rename_column(proof, what.table, what.column, what.to);
		break;
	}
}

static void tell_overwrite(
    struct sqlite_db *s, const struct proof_effect *effect, const struct sql_statement *statement)
{
	struct sqlite_proof *proof = &s->proof;
	int64_t rows = sqlite3_changes(s->handle);
	if (!s->in_transaction)
		return;
	proof->overwrites = arena_grow(&proof->transaction, proof->overwrites,
	    proof->overwrite_count, &proof->overwrite_capacity, sizeof(*proof->overwrites));
	proof->overwrites[proof->overwrite_count++] = (struct db_overwrite){
	    .table = arena_strdup(&proof->transaction, effect->table),
	    .rows = rows,
	    .statement = statement,
	};
}

/* True for the first column of an UPDATE that overwrites values from before. */
static bool overwrites(struct sqlite_proof *proof, const struct proof_effect *effect)
{
	return effect->action == SQLITE_UPDATE && !effect->trigger &&
	       proof_find_free(proof, effect->table, NULL) == NULL &&
	       proof_find_free(proof, effect->table, effect->column) == NULL;
}

void proof_after(struct sqlite_db *s, const struct sql_statement *statement)
{
	struct sqlite_proof *proof = &s->proof;
	bool told = false;
	bool where = sqlite3_changes(s->handle) > 0 &&
		     sql_is_update_where(&dialect_sqlite, statement->text, statement->len);
	for (size_t i = 0; i < proof->effect_count; i++) {
		const struct proof_effect *effect = &proof->effects[i];
		proof->reshaped = proof->reshaped || !is_write(effect->action);
		if (where && overwrites(proof, effect)) {
			if (!told)
				tell_overwrite(s, effect, statement);
			if (!told && s->in_transaction)
				suspect_everywhere(s, effect->table);
			told = true;
		}
		if (effect->action == SQLITE_ALTER_TABLE) {
			altered(s, statement);
			return;
		}
		if (effect->action == SQLITE_DROP_TABLE || effect->action == SQLITE_DROP_VTABLE) {
			struct proof_table *table = find_table(proof, effect->table);
			if (table != NULL)
				table->now = NULL;
			proof_drop_free(proof, effect->table);
			return;
		}
	}
}

bool proof_successor(
    struct sqlite_db *s, const struct proof_table *table, const char **name, struct err *err)
{
	const char *found = table->now;
	bool yes = false;
	if (found == NULL) {
		if (!proof_exists(s, table->origin, &yes, err))
			return false;
		/* Another old table that took its name has rows of its own to answer for. */
		if (yes && proof_may_succeed(&s->proof, table->origin))
			found = table->origin;
	}
	yes = found != NULL;
	if (yes && table->kind == PROOF_TERMS && !proof_is_fts5(s, found, &yes, err))
		return false;
	*name = yes ? found : NULL;
	return true;
}

static void forget_transaction(struct sqlite_proof *proof)
{
	for (size_t i = 0; i < proof->count; i++) {
		free(proof->tables[i].hashes);
		free(proof->tables[i].lost);
	}
	arena_free(&proof->transaction);
	proof->tables = NULL;
	proof->overwrites = NULL;
	proof->aliases = NULL;
	proof->alias_count = proof->alias_capacity = 0;
	proof->reshaped = false;
	proof->added = NULL;
	proof->added_count = proof->added_capacity = 0;
	proof->count = proof->capacity = 0;
	proof->overwrite_count = proof->overwrite_capacity = 0;
}

void proof_forget_notes(struct sqlite_proof *proof)
{
	proof->skip_count = 0;
	proof->suspects.count = 0;
	proof->early.count = 0;
	proof->again = false;
	proof->detailed = false;
}

void proof_begin(struct sqlite_db *s)
{
	forget_transaction(&s->proof);
	proof_settle_taint(&s->proof); /* by one outside a transaction */
	s->proof.temporary_tainted = false;
	proof_copy_free(&s->proof, &s->proof.saved, &s->proof.free);
}

/* What took over rows from before the run is not free in the next migration. */
void proof_committed(struct sqlite_db *s)
{
	struct sqlite_proof *proof = &s->proof;
	for (size_t i = 0; i < proof->count; i++)
		if (proof->tables[i].now == NULL && proof->tables[i].rows > 0)
			proof_drop_free(proof, proof->tables[i].origin);
	proof_settle_taint(proof);
	proof_forget_notes(proof);
	forget_transaction(proof);
}

/* `tables` stay for samples, until the next begin(). */
void proof_rolled_back(struct sqlite_db *s)
{
	proof_copy_free(&s->proof, &s->proof.free, &s->proof.saved);
}

void proof_free_all(struct sqlite_db *s)
{
	forget_transaction(&s->proof);
	arena_free(&s->proof.run);
	arena_free(&s->proof.statement);
}
