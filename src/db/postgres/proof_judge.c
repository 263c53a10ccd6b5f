/* Is what was there still there, and if not, what is lost? */
#include "db/postgres/proof_judge.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void pg_proof_add(struct proof_finding *finding, const char *object, const char *evidence)
{
	struct db_proof *proof = finding->proof;
	proof->losses = arena_grow(finding->arena, proof->losses, proof->count, &finding->capacity,
	    sizeof(*proof->losses));
	proof->losses[proof->count++] = (struct db_loss){.object = object, .evidence = evidence};
	proof->state = DB_PROOF_LOSES;
}

const char *pg_proof_title(struct proof_finding *finding, const char *schema, const char *name)
{
	bool own = schema == NULL || text_is(schema, finding->s->server.schema);
	return own ? name : arena_printf(finding->arena, "%s.%s", schema, name);
}

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

/* --- Suspects --- */

static bool is_plain_text(const struct proof_column *column)
{
	return column->type == 25 || column->type == 1043;
}

/* Without a rewrite a value's bytes stay, and another type may read them in another way. */
static bool changes_meaning(const struct proof_columns *now, const struct proof_column *column)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct proof_column *found = &now->items[i];
		if (found->number == column->number)
			return found->type != column->type &&
			       !(is_plain_text(found) && is_plain_text(column));
	}
	return true; /* it is gone */
}

static bool loses_columns(const struct pg_proof *proof, const struct proof_relation *relation)
{
	for (size_t i = 0; i < relation->columns.count; i++) {
		const struct proof_column *column = &relation->columns.items[i];
		if (column->generated ||
		    pg_proof_set_has(&proof->free, pg_proof_key(relation->oid, column->number)))
			continue;
		if (relation->now == NULL || changes_meaning(&relation->now->columns, column))
			return true;
	}
	return false;
}

static bool is_suspect(const struct pg_proof *proof, const struct proof_relation *relation)
{
	if (!relation->then || relation->free || relation->kind != 'r')
		return false;
	return relation->gone || relation->rewritten ||
	       (!relation->excused && (relation->updated > 0 || relation->deleted > 0)) ||
	       (relation->alters && loses_columns(proof, relation));
}

static struct proof_target *find_target(const struct pg_proof *proof, uint32_t oid)
{
	for (size_t i = 0; i < proof->target_count; i++)
		if (proof->targets[i].oid == oid)
			return &proof->targets[i];
	return NULL;
}

/* Without a row when the transaction began, as far as that was looked at. */
static bool is_empty(const struct pg_proof *proof, const struct proof_relation *relation)
{
	const struct proof_target *target = find_target(proof, relation->oid);
	return relation->filled || (proof->detailed && target != NULL && !target->unclear &&
				       relation->kind == 'r' && target->rows == 0);
}

static void copy_columns(
    struct proof_columns *to, const struct proof_columns *from, struct arena *arena)
{
	to->count = from->count;
	to->items = arena_array(arena, from->count + 1, sizeof(*to->items));
	for (size_t i = 0; i < from->count; i++) {
		to->items[i] = from->items[i];
		to->items[i].name = arena_strdup(arena, from->items[i].name);
	}
}

static void add_target(struct pg_db *s, const struct proof_relation *relation, size_t capacity)
{
	struct pg_proof *proof = s->proof;
	struct proof_target *target;
	if (find_target(proof, relation->oid) != NULL)
		return;
	if (proof->targets == NULL)
		proof->targets = arena_array(&proof->again, capacity, sizeof(*proof->targets));
	target = &proof->targets[proof->target_count++];
	*target = (struct proof_target){
	    .oid = relation->oid,
	    .kind = relation->kind,
	    .schema = arena_strdup(&proof->again, relation->schema),
	    .name = arena_strdup(&proof->again, relation->name),
	    .readable = relation->now == NULL || relation->now->readable,
	};
	copy_columns(&target->columns, &relation->columns, &proof->again);
	target->matches =
	    arena_array(&proof->again, relation->columns.count + 1, sizeof(*target->matches));
	pg_proof_match_columns(s, relation, target->matches);
	for (size_t i = 0; i < relation->columns.count; i++)
		target->matches[i].name = arena_strdup(&proof->again, target->matches[i].name);
}

static struct proof_relation *partitioned(
    const struct proof_facts *facts, struct proof_relation *relation)
{
	struct proof_relation *root = pg_proof_root(facts, relation);
	return root != relation && root->kind == 'p' && !root->free ? root : NULL;
}

static bool first_pass(struct pg_db *s, struct proof_facts *facts)
{
	bool any = false;
	for (size_t i = 0; i < facts->count; i++) {
		struct proof_relation *relation = &facts->relations[i];
		if (!relation->suspect)
			continue;
		any = true;
		add_target(s, relation, facts->count);
		if (partitioned(facts, relation) != NULL)
			add_target(s, partitioned(facts, relation), facts->count);
	}
	return any;
}

/* --- The second pass --- */

static bool holds(const struct proof_target *target)
{
	if (target == NULL || target->unclear)
		return false;
	if (target->rows == 0)
		return true;
	if (target->gone || target->lost > 0)
		return false;
	for (size_t i = 0; i < target->columns.count; i++)
		if (target->matches[i].state == PROOF_LOST && target->matches[i].values > 0)
			return false;
	return true;
}

static void lose_table(struct proof_finding *finding, const struct proof_target *target)
{
	pg_proof_add(finding,
	    arena_printf(
		finding->arena, "table %s", pg_proof_title(finding, target->schema, target->name)),
	    arena_printf(finding->arena, "loses table %s with %" PRId64 " row%s",
		pg_proof_title(finding, target->schema, target->name), target->rows,
		plural(target->rows)));
}

static void lose_column(struct proof_finding *finding, const struct proof_target *target,
    const char *column, const char *evidence)
{
	pg_proof_add(finding,
	    arena_printf(finding->arena, "column %s.%s",
		pg_proof_title(finding, target->schema, target->name), column),
	    evidence);
}

static void lose_columns(struct proof_finding *finding, const struct proof_target *target)
{
	struct arena *arena = finding->arena;
	for (size_t i = 0; i < target->columns.count; i++) {
		const struct proof_match *match = &target->matches[i];
		const char *column = target->columns.items[i].name;
		const char *table = pg_proof_title(finding, target->schema, target->name);
		bool changed = target->lost > target->lost_kept;
		if (match->state == PROOF_RETYPED && changed)
			lose_column(finding, target, column,
			    arena_printf(arena, "changes %s.%s in %" PRId64 " of %" PRId64 " row%s",
				table, column, target->lost - target->lost_kept, target->rows,
				plural(target->rows)));
		if (match->values > 0 &&
		    (match->state == PROOF_LOST || (match->state == PROOF_NAMED && changed)))
			lose_column(finding, target, column,
			    arena_printf(arena, "loses %" PRId64 " value%s in %s.%s", match->values,
				plural(match->values), table, column));
	}
}

static void lose_rows(struct proof_finding *finding, const struct proof_target *target)
{
	struct arena *arena = finding->arena;
	const char *object = arena_printf(
	    arena, "rows of %s", pg_proof_title(finding, target->schema, target->name));
	const char *name = pg_proof_title(finding, target->schema, target->name);
	if (target->lost_kept > 0)
		pg_proof_add(finding, object,
		    arena_printf(arena,
			"%" PRId64 " of %" PRId64 " row%s in %s %s deleted or changed",
			target->lost_kept, target->rows, plural(target->rows), name,
			target->lost_kept == 1 ? "is" : "are"));
}

static void lose_unclear(
    struct proof_finding *finding, const char *schema, const char *name, const char *why)
{
	pg_proof_add(finding,
	    arena_printf(finding->arena, "rows of %s", pg_proof_title(finding, schema, name)),
	    arena_printf(
		finding->arena, "changes %s, and %s", pg_proof_title(finding, schema, name), why));
}

static void lose_target(struct proof_finding *finding, const struct proof_target *target)
{
	if (target->unclear) {
		const char *reason = finding->s->proof->reason;
		lose_unclear(finding, target->schema, target->name,
		    reason != NULL
			? arena_printf(finding->arena, "its rows can't be compared: %s", reason)
		    : target->readable ? "in another way at each try"
				       : "this role may not read, lock and compare all its rows");
		return;
	}
	if (target->rows == 0)
		return;
	if (target->gone) {
		lose_table(finding, target);
		return;
	}
	lose_columns(finding, target);
	lose_rows(finding, target);
}

/* A partition that is dropped, with rows. */
static const struct proof_target *dropped_part(struct pg_proof *proof,
    const struct proof_facts *facts, struct proof_relation *relation,
    const struct proof_relation *root)
{
	const struct proof_target *part = find_target(proof, relation->oid);
	return relation->suspect && part != NULL && !part->unclear && part->gone &&
		       part->rows > 0 && partitioned(facts, relation) == root
		   ? part
		   : NULL;
}

/* Of a partitioned table: partitions by their names, when all that is lost was in those that are
 * dropped; else under its own. */
static void judge_partitions(struct proof_finding *finding, const struct proof_facts *facts,
    struct proof_relation *root, struct proof_target *whole)
{
	struct pg_proof *proof = finding->s->proof;
	int64_t named = 0;
	bool bad = false;
	for (size_t i = 0; i < facts->count; i++) {
		struct proof_relation *relation = &facts->relations[i];
		const struct proof_target *part = dropped_part(proof, facts, relation, root);
		if (relation->suspect && partitioned(facts, relation) == root)
			bad = bad || !holds(find_target(proof, relation->oid));
		named += part == NULL ? 0 : part->rows;
	}
	if (!bad || holds(whole))
		return;
	if (whole->unclear || whole->gone || named != whole->lost_kept) {
		lose_target(finding, whole);
		return;
	}
	for (size_t i = 0; i < facts->count; i++) {
		const struct proof_target *part =
		    dropped_part(proof, facts, &facts->relations[i], root);
		if (part != NULL)
			lose_table(finding, part);
	}
	lose_columns(finding, whole);
}

static void second_pass(struct proof_finding *finding, const struct proof_facts *facts)
{
	struct pg_proof *proof = finding->s->proof;
	for (size_t i = 0; i < facts->count; i++) {
		struct proof_relation *relation = &facts->relations[i];
		struct proof_target *target = find_target(proof, relation->oid);
		if (target != NULL && relation->kind == 'p')
			judge_partitions(finding, facts, relation, target);
		if (!relation->suspect)
			continue;
		if (target == NULL)
			lose_unclear(finding, relation->schema, relation->name,
			    "in another way at each try");
		else if (partitioned(facts, relation) == NULL)
			lose_target(finding, target);
	}
}

/* --- What can't be compared --- */

/* Are values from before kept in its type? */
static bool is_used(
    const struct pg_proof *proof, const struct proof_facts *facts, const struct proof_now *now)
{
	for (const char *at = now == NULL ? NULL : now->users; at != NULL && *at != '\0';) {
		char *end = NULL;
		uint32_t oid = (uint32_t)strtoul(at, &end, 10);
		int column = *end == ':' ? (int)strtol(end + 1, &end, 10) : 0;
		if (!pg_proof_is_free(proof, facts, oid, column))
			return true;
		at = end == at ? "" : end + strspn(end, " ");
	}
	return false;
}

static void judge_types(struct proof_finding *finding, const struct proof_relation *relation)
{
	struct arena *arena = finding->arena;
	for (size_t i = 0; i < relation->columns.count; i++) {
		const struct proof_column *column = &relation->columns.items[i];
		if (relation->now != NULL && relation->now->oid == relation->oid &&
		    !changes_meaning(&relation->now->columns, column))
			continue;
		pg_proof_add(finding,
		    arena_printf(arena, "attribute %s.%s",
			pg_proof_title(finding, relation->schema, relation->name), column->name),
		    arena_printf(arena, "loses %s of the type %s in the tables that use it",
			column->name, pg_proof_title(finding, relation->schema, relation->name)));
	}
}

static void judge_foreign(struct proof_finding *finding, const struct proof_relation *relation)
{
	const char *schema = relation->then ? relation->schema : relation->now->schema;
	const char *name = relation->then ? relation->name : relation->now->name;
	pg_proof_add(finding,
	    arena_printf(finding->arena, "rows of %s", pg_proof_title(finding, schema, name)),
	    arena_printf(finding->arena,
		"writes to the foreign table %s, where what is lost can't be told",
		pg_proof_title(finding, schema, name)));
}

/* DDL may keep a catalog locked, but not its indexes. */
static bool has_written_index(const struct proof_facts *facts, const struct proof_relation *catalog)
{
	for (size_t i = 0; i < facts->count; i++)
		if (facts->relations[i].kind == 'i' &&
		    text_starts(facts->relations[i].name, catalog->name))
			return true;
	return false;
}

static void judge_catalog(struct proof_finding *finding, const struct proof_relation *relation)
{
	pg_proof_add(finding, arena_printf(finding->arena, "rows of %s", relation->name),
	    arena_printf(finding->arena,
		"writes to %s, the server's own: what is lost can't be told", relation->name));
}

static void judge_relation(struct proof_finding *finding, const struct proof_facts *facts,
    const struct proof_relation *relation)
{
	struct arena *arena = finding->arena;
	const struct proof_now *now = relation->now;
	const char *name;
	if (!relation->then) {
		if (now != NULL && now->kind == 'f' && relation->writes)
			judge_foreign(finding, relation);
		return;
	}
	if (relation->oid < FIRST_OID) {
		if (relation->kind == PROOF_CATALOG && has_written_index(facts, relation))
			judge_catalog(finding, relation);
		return;
	}
	if (relation->alters && is_used(finding->s->proof, facts, now))
		judge_types(finding, relation);
	if (relation->free)
		return;
	name = pg_proof_title(finding, relation->schema, relation->name);
	if (relation->kind == 'f' && relation->writes)
		judge_foreign(finding, relation);
	if (relation->kind == 'm' && relation->gone && relation->populated &&
	    (now == NULL || now->kind != 'm'))
		pg_proof_add(finding,
		    arena_printf(arena, "materialized view %s",
			pg_proof_title(finding, relation->schema, relation->name)),
		    arena_printf(arena, "loses materialized view %s", name));
	/* Its rows don't survive a crash any more. */
	if (relation->kind == 'r' && relation->persistence == 'p' && now != NULL &&
	    now->persistence == 'u' && !is_empty(finding->s->proof, relation))
		pg_proof_add(finding,
		    arena_printf(arena, "rows of %s",
			pg_proof_title(finding, relation->schema, relation->name)),
		    arena_printf(
			arena, "a crash of the server would empty %s: it is UNLOGGED", name));
}

static void judge_others(struct proof_finding *finding, const struct proof_facts *facts)
{
	struct arena *arena = finding->arena;
	for (size_t i = 0; i < facts->count; i++)
		judge_relation(finding, facts, &facts->relations[i]);
	if (facts->objects_deleted > 0)
		pg_proof_add(finding, "large objects",
		    arena_printf(arena, "loses %" PRId64 " large object%s", facts->objects_deleted,
			plural(facts->objects_deleted)));
	else if (facts->pages_changed > 0)
		pg_proof_add(finding, "large objects", "overwrites large objects");
	if (facts->triggers_off)
		pg_proof_add(finding, "session_replication_role",
		    "session_replication_role switches off triggers and foreign keys: what breaks "
		    "by"
		    " it can't be told");
}

/* --- What the next migration of the run may do --- */

/* Did it see what may have no other copy? */
static bool reads_old(const struct pg_proof *proof, const struct proof_relation *relation)
{
	const struct proof_target *target = find_target(proof, relation->oid);
	if (!relation->then || relation->free || strchr("rpmf", relation->kind) == NULL)
		return false;
	if (proof->detailed && target != NULL && !target->unclear && target->rows == 0)
		return false;
	return relation->reads || relation->updated > 0 || relation->deleted > 0 ||
	       relation->rewritten || relation->gone;
}

static void free_columns(struct pg_proof *proof, const struct proof_relation *relation)
{
	const struct proof_now *now = relation->now;
	int most = 0;
	if (!relation->then || relation->free || now == NULL || now->oid != relation->oid)
		return;
	/* Numbers of columns that are gone are not given out again. */
	for (size_t i = 0; i < relation->columns.count; i++)
		if (relation->columns.items[i].number > most)
			most = relation->columns.items[i].number;
	for (size_t i = 0; i < now->columns.count; i++)
		if (now->columns.items[i].number > most)
			pg_proof_set_add(&proof->made,
			    pg_proof_key(relation->oid, now->columns.items[i].number));
}

static void take_columns(struct pg_proof *proof, const struct proof_relation *relation)
{
	for (size_t i = 0; i < proof->free.count; i++)
		if (proof->free.items[i] >> 16 == relation->oid)
			pg_proof_set_add(&proof->taken, proof->free.items[i]);
}

static void note_free(struct pg_proof *proof, const struct proof_facts *facts)
{
	bool tainted = false;
	for (size_t i = 0; i < facts->count; i++)
		tainted = tainted || reads_old(proof, &facts->relations[i]);
	for (size_t i = 0; i < facts->count; i++) {
		const struct proof_relation *relation = &facts->relations[i];
		if (!relation->then)
			pg_proof_set_add(&proof->born, relation->oid);
		/* It can take the place of one alone. */
		if (relation->gone && relation->now != NULL)
			pg_proof_set_add(&proof->spent, relation->now->oid);
		if (tainted && (relation->writes || relation->alters))
			take_columns(proof, relation);
		else if (!tainted && (!relation->then || is_empty(proof, relation)))
			pg_proof_set_add(&proof->made, pg_proof_key(relation->oid, 0));
		else if (!tainted)
			free_columns(proof, relation);
	}
}

static void tell_updates(struct proof_finding *finding, const struct proof_facts *facts)
{
	const struct pg_proof *proof = finding->s->proof;
	struct db_proof *ret = finding->proof;
	size_t capacity = 0;
	for (size_t i = 0; i < proof->update_count; i++) {
		const struct proof_update *update = &proof->updates[i];
		bool told = false;
		for (size_t j = 0; j < facts->count; j++)
			told = told || (facts->relations[j].excused &&
					   pg_proof_is_named(update, &facts->relations[j]));
		if (!told)
			continue;
		ret->overwrites = arena_grow(finding->arena, ret->overwrites, ret->overwrite_count,
		    &capacity, sizeof(*ret->overwrites));
		ret->overwrites[ret->overwrite_count++] = (struct db_overwrite){
		    .table = arena_strdup(finding->arena, update->name),
		    .rows = update->rows,
		    .statement = update->statement,
		};
	}
}

static bool judge(struct pg_db *s, struct db_proof *ret, struct proof_facts *facts,
    struct arena *arena, struct err *err)
{
	struct db_proof proof = {.state = DB_PROOF_HOLDS, .tables = s->proof->target_count};
	struct proof_finding finding = {.s = s, .proof = &proof, .arena = arena};
	for (size_t i = 0; i < facts->count; i++)
		facts->relations[i].suspect = is_suspect(s->proof, &facts->relations[i]);
	if (!s->proof->detailed && first_pass(s, facts)) {
		s->proof->detailed = true;
		ret->state = DB_PROOF_AGAIN;
		return true;
	}
	if (s->proof->detailed && !pg_proof_compare(s, facts, err))
		return false;
	second_pass(&finding, facts);
	judge_others(&finding, facts);
	if (!pg_proof_judge_sequences(s, &finding, facts, err) ||
	    !pg_proof_judge_temporary(s, &finding, facts, err))
		return false;
	tell_updates(&finding, facts);
	note_free(s->proof, facts);
	*ret = proof;
	return true;
}

bool pg_prove(struct db *db, struct db_proof *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct proof_facts facts = {0};
	struct db_proof proof = {0};
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err) || !pg_proof_read(s, &facts, err))
		return false;
	pg_proof_excuse(s, &facts, 1); /* the rest may become suspects */
	if (!pg_proof_read_now(s, &facts, err) || !pg_proof_count(s, &facts, err) ||
	    !judge(s, &proof, &facts, arena, err))
		return false;
	*ret = proof;
	return true;
}
