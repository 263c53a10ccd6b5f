SET search_path = 'app';
BEGIN;
SELECT 1;
COMMIT;
RESET search_path;
