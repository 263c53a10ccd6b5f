SELECT 'no ?1, :a';

UPDATE t SET a = 1, -- no :b
    b = :b, c = @c, d = $d, e = ?1;
