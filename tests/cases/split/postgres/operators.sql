SELECT a@-1, a=-1, a<-1, a->'b', a->>'b', a #>> '{b}', a ?| b, a ? 'c', a @? '$.b', a !~* 'b', a || b;
SELECT a::int, b [1:n], b[lo:hi], b[:n], c[ :n ], f(x := 1, y => 2);
SELECT a::"T", 'x'::text, JSON_OBJECT('k' :v), JSON_OBJECT(k:v);
SELECT 1_000, 0x1F, 1.5e-3, .5, 1., 1..2, 2$$;$$;
