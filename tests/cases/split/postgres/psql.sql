\set ON_ERROR_STOP 1
\echo one; 'two
BEGIN;
SELECT 1;
COMMIT;
\timing off
