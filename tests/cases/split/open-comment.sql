SELECT 1; -- one

SELECT /* two; */ 2
-- behind
;
SELECT 3 /* never closed; SELECT 4;
