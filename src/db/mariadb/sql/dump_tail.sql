/*M!101100 SET system_versioning_insert_history = @db_entry_past */;
/*M!100201 SET check_constraint_checks = @db_entry_checks, innodb_strict_mode = @db_entry_strict */;
SET foreign_key_checks = @db_entry_foreign, unique_checks = @db_entry_unique, time_zone = @db_entry_zone, sql_mode = @db_entry_mode, character_set_client = @db_entry_client, character_set_results = @db_entry_results, collation_connection = @db_entry_collation;
