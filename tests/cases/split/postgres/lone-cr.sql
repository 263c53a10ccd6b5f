SELECT 1 -- one;FROM t; -- twoSELECT 2;
SELECT 3;