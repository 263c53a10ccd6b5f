# a hash; comment
SELECT 1 # until the line's end; so
, 2; -- two; dashes
SELECT 3--4; SELECT 5 -- six;
;
--without a blank, where a statement begins;
SELECT 7 --	a tab;
--
, 8 /* block; /* does not nest */, 9;
SELECT 10 /*+ a hint; */ --;
