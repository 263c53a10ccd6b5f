status
warnings
SELECT source, status FROM system;
notee
SELECT 1;
connect other localhost;
