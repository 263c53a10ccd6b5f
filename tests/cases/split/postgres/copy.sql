COPY public.users (id, name) FROM stdin;
1	O'Neil; -- no comment
2	\N
\.

SELECT 1; COPY "t" FROM STDIN WITH (FORMAT csv); -- the data
"a;
\. "
\.
COPY t FROM stdout;
\.
COPY t (a) FROM 'stdin';
COPY t FROM "stdin";
SELECT 2;