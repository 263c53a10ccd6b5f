SET NAMES 'utf8mb4' COLLATE utf8mb4_bin;
SET CHARACTER SET latin1;
SET @old = @@character_set_client;
SET character_set_client = utf8;
SET character_set_client = @old;
SET NAMES binary;
SET NAMES gbk;
