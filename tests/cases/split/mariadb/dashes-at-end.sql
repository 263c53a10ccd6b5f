-- the last one has no line end
SELECT 1 --