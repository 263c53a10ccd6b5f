PRAGMA foreign_keys(0);
PRAGMA auto_vacuum = INCREMENTAL;
VACUUM;
PRAGMA journal_mode;
