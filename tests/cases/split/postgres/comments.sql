/* one; /* two; */ three; */ SELECT 1; -- four;
SELECT 2 /* /*/* ; */*/ */;
SELECT 3 --; '
  + 4;
SELECT 5 */* ; */ 6, 7 <--8;
9;
