SELECT 1;
\dt
