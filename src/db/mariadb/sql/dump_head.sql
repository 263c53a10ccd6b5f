SET @db_entry_client = @@character_set_client, @db_entry_results = @@character_set_results, @db_entry_collation = @@collation_connection, @db_entry_mode = @@sql_mode, @db_entry_zone = @@time_zone, @db_entry_foreign = @@foreign_key_checks, @db_entry_unique = @@unique_checks;
SET NAMES utf8mb4;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0;
/*M!100201 SET @db_entry_checks = @@check_constraint_checks, @db_entry_strict = @@innodb_strict_mode, check_constraint_checks = 0, innodb_strict_mode = 0 */;
/*M!101100 SET @db_entry_past = @@system_versioning_insert_history, system_versioning_insert_history = 1 */;
