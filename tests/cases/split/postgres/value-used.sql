ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine' AFTER 'ok';
ALTER TYPE mood ADD VALUE 'best' AFTER 'fine';
COMMENT ON TYPE mood IS 'fine';
UPDATE t SET m = 'fine' WHERE m = 'ok';
