SET lock_timeout = '5s';
SET search_path TO app;
