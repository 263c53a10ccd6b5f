PRAGMA user_version = 4;
PRAGMA "main".'foreign_keys' = off;
PRAGMA main . legacy_alter_table(ON);
PRAGMA foreign_keys;
PRAGMA foreign_keys = OFF
CREATE TABLE swallowed (a);
