/*
 * Layouts that are recognised so that they can be refused by name. Rows are tried in their order: a
 * marker file of one tool before a name that several share.
 *
 * Three tools need no row, because their folders are native ones: dbmate (its markers are read),
 * golang-migrate (.up.sql and .down.sql) and sqlx (its no-transaction line is read).
 */
#include "migrate/format/format.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#define HEX4 "[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"

#define COPY_FOLDERS                                                                               \
	"copy each <folder>/migration.sql to <folder>.sql in a folder that DB_ENTRY_MIGRATIONS "   \
	"names; on databases that have them: db-entry baseline VERSION"

#define KEEP(tool)                                                                                 \
	"apply them with " tool ", and point DB_ENTRY_MIGRATIONS at a folder of SQL migrations "   \
	"(<version>_<name>.sql), which may be empty"

#define UP_AND_DOWN "write -- migrate:up and -- migrate:down for its Up and Down"

const struct format formats_known[] = {
    {
	.name = "Prisma",
	.files = LIST("migration_lock.toml"),
	.advice = COPY_FOLDERS,
    },
    {
	.name = "Drizzle",
	.files = LIST("meta/_journal.json"),
	.advice = "copy the .sql files to a folder that DB_ENTRY_MIGRATIONS names; on databases "
		  "that have them: db-entry baseline VERSION",
    },
    {
	.name = "Atlas",
	.files = LIST("atlas.sum"),
	.comments = LIST("atlas:txmode", "atlas:delimiter", "atlas:checkpoint"),
	.advice = "leave out atlas.sum, and write \"-- db-entry: no-transaction\" for "
		  "\"atlas:txmode none\"; on databases that have them: db-entry baseline VERSION",
    },
    {
	.name = "Flyway or refinery",
	.files = LIST("[VUB][0-9]*__*.sql", "R__*.sql"),
	.advice = "rename each V<version>__<name>.sql to <version>_<name>.sql, where a version is "
		  "digits alone; on databases that have them: db-entry baseline VERSION",
    },
    {
	.name = "Go (goose and others)",
	.files = LIST("[0-9]*_*.go"),
	.advice = KEEP("the tool"),
    },
    {
	.name = "goose",
	.comments = LIST("+goose "),
	.advice = UP_AND_DOWN ", and leave out StatementBegin and StatementEnd",
    },
    {
	.name = "sql-migrate",
	.comments = LIST("+migrate "),
	.advice = UP_AND_DOWN,
    },
    {
	.name = "micrate",
	.comments = LIST("+micrate "),
	.advice = UP_AND_DOWN,
    },
    {
	.name = "rambler",
	.comments = LIST("rambler up", "rambler down"),
	.advice = UP_AND_DOWN,
    },
    {
	.name = "tern",
	.files = LIST("tern.conf"),
	.comments = LIST("create above / drop below ----", "tern: disable-tx ----"),
	.advice =
	    "write -- migrate:up at the top, and -- migrate:down for its line between the parts",
    },
    {
	.name = "Liquibase",
	.files = LIST("*changelog*.xml", "*changelog*.yaml", "*changelog*.yml", "*changelog*.json",
	    "*changelog*.sql"),
	.comments = LIST("liquibase formatted sql"),
	.advice = KEEP("Liquibase"),
    },
    {
	.name = "Sqitch",
	.files = LIST("sqitch.plan"),
	.advice = KEEP("Sqitch"),
    },
    {
	.name = "graphile-migrate",
	.comments = LIST("! previous:"),
	.advice = KEEP("graphile-migrate"),
    },
    {
	.name = "Alembic",
	.files = LIST("alembic.ini", "script.py.mako", "versions/env.py"),
	.advice = KEEP("Alembic"),
    },
    {
	.name = "Django",
	.files = LIST("[0-9][0-9][0-9][0-9]_*.py"),
	.advice = KEEP("Django"),
    },
    {
	.name = "Alembic",
	.files = LIST("env.py", HEX4 HEX4 HEX4 "_*.py"),
	.advice = KEEP("Alembic"),
    },
    {
	.name = "Rails",
	.files = LIST("[0-9]*_*.rb"),
	.advice = KEEP("Rails"),
    },
    {
	.name = "Rust (SeaORM, refinery)",
	.files = LIST("m[0-9]*_*.rs", "[VU][0-9]*__*.rs"),
	.advice = KEEP("the tool"),
    },
    {
	.name = "Ecto",
	.files = LIST("[0-9]*_*.exs"),
	.advice = KEEP("Ecto"),
    },
    {
	.name = "PHP (Laravel, Phinx, Doctrine)",
	.files = LIST("[0-9]*_*.php", "Version[0-9]*.php"),
	.advice = KEEP("the tool"),
    },
    {
	.name = "Entity Framework",
	.files = LIST("[0-9]*_*.cs"),
	.advice = KEEP("Entity Framework"),
    },
    {
	.name = "JavaScript (Knex, Sequelize, TypeORM)",
	.files = LIST("[0-9]*.[jt]s", "[0-9]*.[cm][jt]s", "Migration[0-9]*.[jt]s"),
	.advice = KEEP("the tool"),
    },
    {
	.name = "Prisma or Drizzle",
	.files = LIST("*/migration.sql"),
	.advice = COPY_FOLDERS,
    },
    {
	.name = "diesel",
	.files = LIST("*/up.sql"),
	.advice = "copy each <version>_<name>/up.sql to <version>_<name>.up.sql in a folder that "
		  "DB_ENTRY_MIGRATIONS names, its down.sql too; every digit belongs into the "
		  "version: 2024-03-13_170000_x becomes 20240313170000_x",
    },
    {.name = NULL},
};
