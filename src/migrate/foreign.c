#include "migrate/foreign.h"
#include <stddef.h>

/* Names that no application would give a table of its own; some tools have a schema of theirs. */
static const struct foreign_history histories[] = {
    {"schema_migrations", "dbmate, golang-migrate or Rails"},
    {"goose_db_version", "goose"},
    {"atlas_schema_revisions", "Atlas"},
    {"atlas_schema_revisions.atlas_schema_revisions", "Atlas"},
    {"flyway_schema_history", "Flyway"},
    {"_prisma_migrations", "Prisma"},
    {"__drizzle_migrations", "Drizzle"},
    {"drizzle.__drizzle_migrations", "Drizzle"},
    {"_sqlx_migrations", "sqlx"},
    {"__diesel_schema_migrations", "diesel"},
    {"refinery_schema_history", "refinery"},
    {"DATABASECHANGELOG", "Liquibase"},
    {"knex_migrations", "Knex"},
    {"SequelizeMeta", "Sequelize"},
    {"alembic_version", "Alembic"},
    {"django_migrations", "Django"},
    {"__EFMigrationsHistory", "Entity Framework"},
    {"graphile_migrate.migrations", "graphile-migrate"},
    {"sqitch.changes", "Sqitch"},
    {"supabase_migrations.schema_migrations", "Supabase"},
    {"pgmigrations", "node-pg-migrate"},
    {"kysely_migration", "Kysely"},
    {"mikro_orm_migrations", "MikroORM"},
};

bool foreign_history_find(
    const struct foreign_history **found, struct db *db, const struct stop *stop, struct err *err)
{
	for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
		bool has = false;
		if (!db->driver->has_table(db, histories[i].table, &has, stop, err))
			return false;
		if (has) {
			*found = &histories[i];
			return true;
		}
	}
	*found = NULL;
	return true;
}
