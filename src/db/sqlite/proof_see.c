/* What the authorizer sees of a migration's statement while it is prepared. */
#include "base/text.h"
#include "db/sqlite/sqlite.h"

static bool is_ours(const char *table)
{
	return table == NULL || text_starts(table, "sqlite_") || text_starts(table, "db_entry_");
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

static void see_read(struct sqlite_proof *proof, const char *table, const char *schema)
{
	if (text_is(schema, "temp"))
		proof->reads_temporary = true;
	if (is_ours(table) || !text_is(schema, "main") || is_made(proof, table))
		return;
	for (size_t i = 0; i < proof->read_count; i++)
		if (text_is(proof->reads[i], table))
			return;
	proof->reads = arena_grow(&proof->statement, proof->reads, proof->read_count,
	    &proof->read_capacity, sizeof(*proof->reads));
	proof->reads[proof->read_count++] = arena_strdup(&proof->statement, table);
}

static void see_temporary(struct sqlite_proof *proof, int action, const char *schema)
{
	if (action == SQLITE_CREATE_TEMP_TABLE ||
	    ((action == SQLITE_INSERT || action == SQLITE_UPDATE) && text_is(schema, "temp")))
		proof->writes_temporary = true;
}

void proof_see(struct sqlite_db *s, int action, const char *first, const char *second,
    const char *schema, const char *trigger)
{
	struct sqlite_proof *proof = &s->proof;
	struct proof_effect effect = {
	    .action = action, .table = first, .column = second, .trigger = trigger != NULL};
	see_temporary(proof, action, schema);
	switch (action) {
	case SQLITE_ALTER_TABLE:
		schema = first;
		effect.table = second;
		effect.column = NULL;
		break;
	case SQLITE_READ:
		see_read(proof, first, schema);
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
	proof->reads = NULL;
	proof->read_count = proof->read_capacity = 0;
	proof->reads_temporary = proof->writes_temporary = false;
	proof->guarded = NULL;
}

/* A view is read besides what it shows; what no table of ours holds is not from before. */
static bool is_old(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	struct sqlite_proof *proof = &s->proof;
	enum proof_kind kind;
	if (proof_find_free(proof, table, NULL) == NULL)
		return proof_exists(s, table, yes, err);
	*yes = proof_is_tainted(proof, table);
	if (*yes)
		return true;
	/* One without rows of its own shows those of others. */
	if (!proof_kind(s, table, &kind, err))
		return false;
	*yes = kind == PROOF_DERIVED;
	return true;
}

bool proof_reads_old(struct sqlite_db *s, bool *yes, struct err *err)
{
	struct sqlite_proof *proof = &s->proof;
	*yes = proof->reads_temporary && proof->temporary_tainted;
	for (size_t i = 0; i < proof->read_count && !*yes; i++)
		if (!is_old(s, proof->reads[i], yes, err))
			return false;
	return true;
}
