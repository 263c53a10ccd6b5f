SELECT 'it''s; \'here\'', "a ""b""; \"c\"", `d``e;\`, n'f\'g;', x'3B', 0x3B, b'1', _utf8mb4'h;';
SELECT 'a;
b', 'c' 'd;', "#e", '--f', '/*g';
SELECT a.`b;`, @'c;', @`d`, @@global.sql_mode, \N, 5--1, a:=1;
INSERT INTO `order` (`end`) VALUES ('\\'), ("\\"), ('\
');
