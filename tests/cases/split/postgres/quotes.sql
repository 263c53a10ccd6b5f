SELECT 'it''s; one', E'it\'s; \\', e'\\\'', N'n;', U&'d\0061t;' UESCAPE '\', B'01', X'1F';
SELECT "a;""b", U&"d\0061t;a" FROM "t;";
SELECT E'one\''
  'two\'; '
  -- still ;
  'three';
SELECT E'one' 'two\', E'';
SELECT 'C:\', 1;
SELECT 'one'
  ';two';
