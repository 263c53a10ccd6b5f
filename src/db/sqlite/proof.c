/* What a migration's statements touch, and what of it must be there at the end. */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include "sql/risk.h"
#include <stdlib.h>
#include <string.h>

static bool is_ours(const char *table)
{
	return table == NULL || text_starts(table, "sqlite_") || text_starts(table, "db_entry_");
}

static struct proof_free *find_free(
    struct sqlite_proof *proof, const char *table, const char *column)
{
	for (size_t i = 0; i < proof->free.count; i++) {
		struct proof_free *item = &proof->free.items[i];
		if (text_is_nocase(item->table, table) &&
		    (item->column == NULL) == (column == NULL) &&
		    (column == NULL || text_is_nocase(item->column, column)))
			return item;
	}
	return NULL;
}

static void add_free(struct sqlite_proof *proof, const char *table, const char *column)
{
	struct proof_free_list *list = &proof->free;
	if (find_free(proof, table, column) != NULL)
		return;
	list->items = arena_grow(
	    &proof->run, list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct proof_free){
	    .table = arena_strdup(&proof->run, table), .column = arena_strdup(&proof->run, column)};
}

/* The table, and its columns. */
static void drop_free(struct sqlite_proof *proof, const char *table)
{
	size_t kept = 0;
	for (size_t i = 0; i < proof->free.count; i++)
		if (!text_is_nocase(proof->free.items[i].table, table))
			proof->free.items[kept++] = proof->free.items[i];
	proof->free.count = kept;
}

static struct proof_table *find_table(struct sqlite_proof *proof, const char *now)
{
	for (size_t i = 0; i < proof->count; i++)
		if (proof->tables[i].now != NULL && text_is_nocase(proof->tables[i].now, now))
			return &proof->tables[i];
	return NULL;
}

/* By this very statement: making an index for UNIQUE counts as reading. */
static bool is_made(const struct sqlite_proof *proof, const char *table)
{
	for (size_t i = 0; i < proof->effect_count; i++)
		if (proof->effects[i].action == SQLITE_CREATE_TABLE &&
		    text_is_nocase(proof->effects[i].table, table))
			return true;
	return false;
}

void proof_see(struct sqlite_db *s, int action, const char *first, const char *second,
    const char *schema, const char *trigger)
{
	struct sqlite_proof *proof = &s->proof;
	struct proof_effect effect = {
	    .action = action, .table = first, .column = second, .trigger = trigger != NULL};
	switch (action) {
	case SQLITE_ALTER_TABLE:
		schema = first;
		effect.table = second;
		effect.column = NULL;
		break;
	case SQLITE_READ:
		if (!is_ours(first) && !is_made(proof, first) && text_is(schema, "main") &&
		    find_free(proof, first, NULL) == NULL)
			proof->reads_old = true;
		return;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_VTABLE:
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VTABLE:
		break;
	default:
		return;
	}
	if (!text_is(schema, "main") || is_ours(effect.table))
		return;
	effect.table = arena_strdup(&proof->statement, effect.table);
	effect.column = arena_strdup(&proof->statement, effect.column);
	proof->effects = arena_grow(&proof->statement, proof->effects, proof->effect_count,
	    &proof->effect_capacity, sizeof(effect));
	proof->effects[proof->effect_count++] = effect;
}

void proof_statement(struct sqlite_db *s)
{
	struct sqlite_proof *proof = &s->proof;
	arena_free(&proof->statement);
	proof->effects = NULL;
	proof->effect_count = proof->effect_capacity = 0;
	proof->reads_old = false;
}

static bool exists(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	return proof_ask(s,
	    "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
	    table, yes, err);
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
		if (find_free(proof, table->name, column->name) != NULL)
			column->skip = true;
		for (size_t j = 0; j < proof->skip_count; j++)
			if (text_is_nocase(proof->skips[j].table, table->name) &&
			    text_is_nocase(proof->skips[j].column, column->name)) {
				column->skip = true;
				column->gone = true;
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
	if (risk.table != NULL && text_is_nocase(risk.table, name))
		return true;
	if (!exists(s, name, &yes, err) || (yes && !proof_has_rows(s, name, &yes, err)))
		return false;
	if (!yes)
		return true;
	err_set(err, ERR_DATABASE,
	    "it reaches rows of %s by a trigger or a foreign key, which only a transaction can "
	    "undo",
	    name);
	return err_next(err, "put it in a migration without no-transaction");
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
	if (!exists(s, name, &yes, err))
		return false;
	if (!yes)
		return true;
	const char *kept = arena_strdup(&proof->transaction, name);
	struct proof_table table = {.name = kept, .now = kept, .origin = origin_of(proof, kept)};
	if (!proof_columns(s, &table, err))
		return false;
	apply_skips(proof, &table);
	if (!proof_scan(s, name, &table, &scan, true, err)) {
		free(scan.hashes);
		return false;
	}
	table.rows = scan.rows;
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
			    "SELECT count(*) > 0 FROM main.sqlite_master"
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
	if (conflict || effect->trigger)
		return touch(s, effect->table, err);
	if (find_table(&s->proof, effect->table) != NULL)
		return true;
	if (!may_replace(s, effect->table, &yes, err))
		return false;
	if (yes)
		return touch(s, effect->table, err);
	if (!exists(s, effect->table, &yes, err))
		return false;
	if (yes && !proof_has_rows(s, effect->table, &yes, err))
		return false;
	if (!yes)
		add_free(&s->proof, effect->table, NULL);
	return true;
}

void proof_skip(struct sqlite_proof *proof, const char *table, const char *column)
{
	for (size_t i = 0; i < proof->skip_count; i++)
		if (text_is_nocase(proof->skips[i].table, table) &&
		    text_is_nocase(proof->skips[i].column, column))
			return;
	proof->skips = arena_grow(&proof->run, proof->skips, proof->skip_count,
	    &proof->skip_capacity, sizeof(*proof->skips));
	proof->skips[proof->skip_count++] = (struct proof_skip){
	    .table = arena_strdup(&proof->run, table), .column = arena_strdup(&proof->run, column)};
}

/*
 * An UPDATE under a WHERE is told, not counted as lost: unless its condition holds for every row,
 * as a first pass finds, or the table is compared for another reason. Then all of it is.
 */
static bool is_suspect(const struct sqlite_proof *proof, const char *table)
{
	for (size_t i = 0; i < proof->suspect_count; i++)
		if (text_is_nocase(proof->suspects[i], table))
			return true;
	return false;
}

static void suspect(struct sqlite_proof *proof, const char *table)
{
	if (is_suspect(proof, table))
		return;
	proof->suspects = arena_grow(&proof->run, proof->suspects, proof->suspect_count,
	    &proof->suspect_capacity, sizeof(*proof->suspects));
	proof->suspects[proof->suspect_count++] = arena_strdup(&proof->run, table);
	proof->again = true;
}

/* Did the UPDATE that just ran change every row? One row alone is no sign of that. */
static void suspect_everywhere(struct sqlite_db *s, const char *table)
{
	bool yes = false;
	struct err ignored; /* what can't be counted is compared */
	char sql[512];
	if (find_table(&s->proof, table) != NULL)
		return;
	sqlite3_snprintf((int)sizeof(sql), sql,
	    "SELECT count(*) > 1 AND count(*) = %d AND ?1 <> '' FROM main.\"%w\"",
	    sqlite3_changes(s->handle), table);
	if (!proof_ask(s, sql, table, &yes, &ignored) || yes)
		suspect(&s->proof, table);
}

static bool update(struct sqlite_db *s, const struct proof_effect *effect, bool conflict,
    bool under_where, struct err *err)
{
	bool yes = false;
	if (!effect->trigger && !conflict &&
	    find_free(&s->proof, effect->table, effect->column) != NULL)
		return true;
	if (effect->trigger || conflict || !under_where || is_suspect(&s->proof, effect->table))
		return touch(s, effect->table, err);
	if (!may_replace(s, effect->table, &yes, err))
		return false;
	return !yes || touch(s, effect->table, err);
}

static bool alter(struct sqlite_db *s, const struct proof_effect *effect,
    const struct sql_statement *statement, struct err *err)
{
	struct sql_alter what;
	if (!sql_alter_of(
		&what, &dialect_sqlite, statement->text, statement->len, &s->proof.statement) ||
	    what.action != SQL_ALTER_DROP)
		return true;
	if (find_free(&s->proof, effect->table, what.column) != NULL)
		return true;
	return touch(s, effect->table, err);
}

static bool look_at(struct sqlite_db *s, const struct proof_effect *effect,
    const struct sql_statement *statement, bool alters, struct err *err)
{
	bool conflict = sql_has_word(&dialect_sqlite, statement->text, statement->len, "REPLACE");
	bool yes = false;
	if (find_free(&s->proof, effect->table, NULL) != NULL)
		return true;
	switch (effect->action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VTABLE:
		if (!exists(s, effect->table, &yes, err))
			return false;
		if (!yes)
			add_free(&s->proof, effect->table, NULL);
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
	return true;
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
	for (size_t i = 0; i < proof->free.count; i++)
		if (text_is_nocase(proof->free.items[i].table, from))
			proof->free.items[i].table = arena_strdup(&proof->run, to);
}

static void rename_column(
    struct sqlite_proof *proof, const char *name, const char *from, const char *to)
{
	struct proof_table *table = find_table(proof, name);
	struct proof_free *added = find_free(proof, name, from);
	for (size_t i = 0; table != NULL && i < table->column_count; i++)
		if (text_is_nocase(table->columns[i].now, from))
			table->columns[i].now = arena_strdup(&proof->transaction, to);
	if (added != NULL)
		added->column = arena_strdup(&proof->run, to);
}

static void drop_column(struct sqlite_proof *proof, const char *name, const char *column)
{
	struct proof_table *table = find_table(proof, name);
	struct proof_free *added = find_free(proof, name, column);
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
		if (find_free(proof, what.table, NULL) == NULL)
			add_free(proof, what.table, what.column);
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
	       find_free(proof, effect->table, NULL) == NULL &&
	       find_free(proof, effect->table, effect->column) == NULL;
}

/* What copies values from before the run is their last place, perhaps. */
static void taint(struct sqlite_proof *proof, const struct proof_effect *effect)
{
	for (size_t i = 0; proof->reads_old && i < proof->free.count; i++) {
		struct proof_free *item = &proof->free.items[i];
		bool column = item->column == NULL || effect->column == NULL ||
			      text_is_nocase(item->column, effect->column);
		if (column && text_is_nocase(item->table, effect->table))
			item->tainted = true;
	}
}

void proof_after(struct sqlite_db *s, const struct sql_statement *statement)
{
	struct sqlite_proof *proof = &s->proof;
	bool told = false;
	bool where = sqlite3_changes(s->handle) > 0 &&
		     sql_is_update_where(&dialect_sqlite, statement->text, statement->len);
	for (size_t i = 0; i < proof->effect_count; i++) {
		const struct proof_effect *effect = &proof->effects[i];
		taint(proof, effect);
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
			drop_free(proof, effect->table);
			return;
		}
	}
}

bool proof_successor(
    struct sqlite_db *s, const struct proof_table *table, const char **name, struct err *err)
{
	bool yes = table->now != NULL;
	if (!yes && !exists(s, table->origin, &yes, err))
		return false;
	*name = !yes ? NULL : table->now != NULL ? table->now : table->origin;
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
	proof->count = proof->capacity = 0;
	proof->overwrite_count = proof->overwrite_capacity = 0;
}

static void copy_list(
    struct sqlite_proof *proof, struct proof_free_list *to, const struct proof_free_list *from)
{
	if (to->capacity < from->count) {
		to->capacity = from->count * 2;
		to->items = arena_array(&proof->run, to->capacity, sizeof(*to->items));
	}
	to->count = from->count;
	if (from->count > 0)
		memcpy(to->items, from->items, from->count * sizeof(*to->items));
}

static void forget_skips(struct sqlite_proof *proof)
{
	proof->skip_count = 0;
	proof->suspect_count = 0;
	proof->again = false;
	proof->detailed = false;
}

void proof_begin(struct sqlite_db *s)
{
	forget_transaction(&s->proof);
	copy_list(&s->proof, &s->proof.saved, &s->proof.free);
}

/* What took over rows from before the run is not free in the next migration. */
void proof_committed(struct sqlite_db *s)
{
	struct sqlite_proof *proof = &s->proof;
	size_t kept = 0;
	for (size_t i = 0; i < proof->count; i++)
		if (find_free(proof, proof->tables[i].origin, NULL) != NULL)
			find_free(proof, proof->tables[i].origin, NULL)->tainted = true;
	for (size_t i = 0; i < proof->free.count; i++)
		if (!proof->free.items[i].tainted)
			proof->free.items[kept++] = proof->free.items[i];
	proof->free.count = kept;
	forget_skips(proof);
	forget_transaction(proof);
}

/* `tables` stay for samples, until the next begin(). */
void proof_rolled_back(struct sqlite_db *s)
{
	copy_list(&s->proof, &s->proof.free, &s->proof.saved);
}

void proof_free_all(struct sqlite_db *s)
{
	forget_transaction(&s->proof);
	arena_free(&s->proof.run);
	arena_free(&s->proof.statement);
}
